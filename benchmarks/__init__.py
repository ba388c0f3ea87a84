"""Benchmarks of the whole product, as ratios against floors that are measured in the same run. `README.md` explains."""
