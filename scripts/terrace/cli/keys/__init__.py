"""Keys that sign bundles, so that what runs is what your pipeline made.

The private key signs: terrace deploy --sign FILE. The public key stands where a signature is asked for: in `signers` of
environment.yaml, and with the processes that load (TERRACE_SIGNERS).
"""
