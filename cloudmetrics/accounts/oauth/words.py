"""Each scope in the words of a person who is asked for it: "It wants to …"."""

from __future__ import annotations

from collections.abc import Iterable

WORDS = {
    "events:read": "read every event that was sent in",
    "events:write": "send in events, which change your numbers",
    "metrics:read": "see your numbers: visitors, page views, revenue, conversion",
    "visitors:read": "see individual visitors and what they did",
    "visitors:full": "see individual visitors, and erase or export their data",
    "websites:read": "see your websites",
    "websites:full": "add, change and delete websites",
    "goals:read": "see your goals",
    "goals:full": "add, change and delete goals",
    "dashboards:read": "see your dashboards",
    "dashboards:full": "add, change and delete dashboards",
    "alerts:read": "see your alerts and when they went off",
    "alerts:full": "add, change and delete alerts",
    "costs:read": "see what your cloud costs",
    "costs:write": "send in bills of your cloud",
    "reports:read": "see your reports",
    "reports:full": "add, change, send and delete reports",
    "usage:read": "see how much of the API you use",
    "webhooks:read": "see where your data is sent to",
    "webhooks:full": "decide where your data is sent to",
    "workspace:read": "see the workspace's name, plan and settings",
    "workspace:admin": "change the workspace's settings, or delete it",
    "team:read": "see who is in your team",
    "team:admin": "invite people, change their roles and remove them",
    "keys:admin": "make and revoke credentials, also such as can do all that you can",
    "audit:read": "read the log of who did what",
    "ai:run": "ask the assistant questions, which counts as your usage",
}

# These give away control over others, or what cannot be got back.
GRAVE = frozenset({"visitors:full", "webhooks:full", "workspace:admin", "team:admin", "keys:admin"})


def in_words(scopes: Iterable[str]) -> list[tuple[str, str, bool]]:
    """Scope, what it means, and whether it is grave; the grave ones first, then in the order of the list."""
    wanted = frozenset(scopes)
    # What is included in another scope would only be said twice.
    shown = [scope for scope in WORDS if scope in wanted and not _is_included(scope, wanted)]
    told = [(scope, WORDS[scope], scope in GRAVE) for scope in shown]
    return sorted(told, key=lambda each: not each[2])


def _is_included(scope: str, wanted: frozenset[str]) -> bool:
    return scope.endswith(":read") and scope.removesuffix(":read") + ":full" in wanted
