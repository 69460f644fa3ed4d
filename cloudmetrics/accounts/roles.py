"""Roles: what a person may do in a workspace, whatever a token of theirs says."""

from __future__ import annotations

from cloudmetrics.accounts.scopes import FULL, READ

ADMINISTRATION = frozenset({"workspace:admin", "team:admin", "keys:admin", "audit:read"})

SCOPES_OF_ROLES: dict[str, frozenset[str]] = {
    "OWNER": FULL,
    "ADMIN": FULL,
    "EDITOR": FULL - ADMINISTRATION,
    "VIEWER": READ - ADMINISTRATION,
}


def scopes_of_role(role: str) -> frozenset[str]:
    """The most that a person of this role may do."""
    return SCOPES_OF_ROLES[role]
