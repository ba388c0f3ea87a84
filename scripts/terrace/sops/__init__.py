"""SOPS files: read without a key, opened with one, made and changed. The only door to ciphertext."""
