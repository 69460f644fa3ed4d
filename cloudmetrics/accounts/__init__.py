"""Accounts: workspaces, the people in them, and the keys that open them.

    accounts.workspaces    a workspace with its sandbox, and its first owner
    accounts.api_keys      keys and their scopes

Each has the same rooms: models.py, service.py, store.py, queries.sql.
"""
