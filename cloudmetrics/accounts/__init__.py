"""Accounts: workspaces, the people in them, and the keys that open them.

    accounts.workspaces    a workspace with its sandbox: made, changed, deleted, restored, removed
    accounts.people        who signs in, and how
    accounts.team          who belongs to a workspace, and as what
    accounts.invitations   how people come into one
    accounts.api_keys      keys, their scopes and how they end
    accounts.access        how every process hears within a second what a credential may no longer do
    accounts.audit         who did what
    accounts.roles         what a person may do by their role
    accounts.plans         what a workspace may do by its plan
    accounts.limits        what it may do by a grant of its own

Each has the same rooms: models.py, service.py, store.py, queries.sql.
"""
