"""Accounts: workspaces, the people in them, and the keys that open them.

    accounts.workspaces    a workspace with its sandbox, and its first owner
    accounts.api_keys      keys and their scopes
    accounts.plans         what a workspace may do by its plan

Each has the same rooms: models.py, service.py, store.py, queries.sql.
"""
