"""READ FIRST: the stages, strung together. load -> layer -> validate -> bundle; `delivery` adds -> deploy.

    validated.py    validate: every rule over every target, and over flags
    built.py        build: validate, and seal a bundle for each service in each environment
    of_flags.py     build of flags, which are a stream of their own
    parts.py        which environments are built from commits, which from the work tree, and what came of each

Each function here is what one command does, from a folder to a value that `report` can show. Work goes through the
repository as its shared part and one tenant at a time, so that memory stays flat, several processes can share the
tenants, and what did not change since the last run is not judged again.
"""

from terrace.pipeline.built import build, build_source
from terrace.pipeline.parts import Built
from terrace.pipeline.validated import cross_checks_of, day_of, validate, validate_source

__all__ = ["Built", "build", "build_source", "cross_checks_of", "day_of", "validate", "validate_source"]
