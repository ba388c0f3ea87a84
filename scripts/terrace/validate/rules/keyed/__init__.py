"""The rules on opened secrets, one per file; they run with keys at hand only."""
