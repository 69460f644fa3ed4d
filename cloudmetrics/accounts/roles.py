"""Roles: what a person may do in a workspace. A person's credential never can more than its person.

docs/guides/accounts-and-keys.md shows the same table; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cloudmetrics.accounts.scopes import FULL, READ, expand
from cloudmetrics.platform.caller import Role

VIEWER = READ - {"audit:read"}
EDITOR = VIEWER | {
    "events:write",
    "visitors:full",
    "websites:full",
    "goals:full",
    "dashboards:full",
    "alerts:full",
    "costs:write",
    "reports:full",
    "ai:run",
}

# Owners have no scope that admins lack. What is theirs alone (to delete or restore the
# workspace, and to make or unmake owners) is asked of the role itself, of a person.
SCOPES_OF: Mapping[Role, frozenset[str]] = {"OWNER": FULL, "ADMIN": FULL, "EDITOR": EDITOR, "VIEWER": VIEWER}

# While a workspace waits to be removed, its people may look at it and bring it back, no more.
WHILE_DELETED = frozenset({"workspace:read", "workspace:admin"})


def scopes_of_role(role: Role, *, deleted: bool = False) -> frozenset[str]:
    """All that a person of this role may do, in a workspace that lives or waits to be removed."""
    return SCOPES_OF[role] & WHILE_DELETED if deleted else SCOPES_OF[role]


def within_role(scopes: Iterable[str], role: Role, *, deleted: bool = False) -> frozenset[str]:
    """What is left of a credential's scopes, with what they include, for a person of this role."""
    return expand(scopes) & scopes_of_role(role, deleted=deleted)
