"""Scopes: what a credential may do."""

from __future__ import annotations

from collections.abc import Iterable

SCOPES = frozenset(
    {
        "events:read",
        "events:write",
        "metrics:read",
        "visitors:read",
        "visitors:full",
        "websites:read",
        "websites:full",
        "goals:read",
        "goals:full",
        "dashboards:read",
        "dashboards:full",
        "alerts:read",
        "alerts:full",
        "costs:read",
        "costs:write",
        "reports:read",
        "reports:full",
        "usage:read",
        "webhooks:read",
        "webhooks:full",
        "workspace:read",
        "workspace:admin",
        "team:read",
        "team:admin",
        "keys:admin",
        "audit:read",
        "ai:run",
    }
)

FULL = SCOPES
READ = frozenset(scope for scope in SCOPES if scope.endswith(":read"))
INGEST = frozenset({"events:write"})


class UnknownScope(Exception):
    """There is no such scope."""


class ScopesUnclear(Exception):
    """Either scopes or a preset is wanted, and not both."""

    def __init__(self) -> None:
        super().__init__("Name either `scopes` or a `preset`, not both and not neither.")


PRESETS = {"READ_ONLY": READ, "FULL": FULL}


def chosen(scopes: Iterable[str] | None, preset: str | None) -> Iterable[str]:
    """The scopes that are named one by one, or by a preset. Raises ScopesUnclear."""
    if (scopes is None) == (preset is None):
        raise ScopesUnclear
    return PRESETS[preset] if preset is not None else scopes or ()


def require_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes, as a set. Raises UnknownScope."""
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - SCOPES):
        raise UnknownScope(f"There is no scope {', '.join(unknown)}.")
    return wanted


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with what they include: `x:full` includes `x:read`."""
    given = frozenset(scopes)
    return given | {f"{scope.removesuffix(':full')}:read" for scope in given if scope.endswith(":full")}
