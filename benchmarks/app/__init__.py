"""The service that the benchmarks configure: its contract and base layer, copied into every generated repository."""
