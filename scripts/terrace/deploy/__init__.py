"""Where bundles go. `kinds` opens a destination by what `environment.yaml` says: `destinations: [{directory: path}]`.

What every destination can do, and what it answers, stands in `destination`. Nothing is imported here: `validate` and
`schemas` ask `kinds` what may be said of a destination, and need none of the rest.
"""
