"""Secrets files as people change them: found, opened with a record in the audit log, and replaced with their ledger.

    store     the file of a service in an environment: where it stands, opening it, replacing it as a whole
    ledger    when each of its secrets was made and last changed

Values are `terrace.model.secret.Secret` from the first moment on. Nothing here prints.
"""
