"""Plans: what a workspace may do by what it has subscribed to, and what it has been granted on top.

docs/guides/limits.md tells the same table to consumers; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from cloudmetrics.platform.allowance import Allowance, Rate

MINUTE, HOUR = 60, 3600
UNITS = {"second": 1, "minute": MINUTE, "hour": HOUR, "day": 24 * HOUR}

PLANS: Mapping[str, Allowance] = {
    "FREE": Allowance(requests=Rate(100, HOUR), ingest=600, events=100_000),
    "STARTER": Allowance(requests=Rate(100, MINUTE), ingest=3_000, events=1_000_000),
    "PRO": Allowance(requests=Rate(1_000, HOUR), ingest=3_000, events=2_000_000),
    "GROWTH": Allowance(requests=Rate(500, MINUTE), ingest=6_000, events=10_000_000),
    "ENTERPRISE": Allowance(
        requests=Rate(10_000, HOUR), ingest=60_000, events=500_000_000, workspace=5_000
    ),
}  # fmt: skip

# Beyond these the arithmetic of the buckets would leave the whole numbers that Lua can hold.
MOST_REQUESTS = 1_000_000
MOST_EVENTS = 10**15

RATE = re.compile(r"(\d{1,7})/(second|minute|hour|day)")


class InvalidLimit(Exception):
    """A limit that cannot be set; the message says what it should be."""


def allowance(plan: str, own: Mapping[str, Any]) -> Allowance:
    """The numbers of a plan, with the workspace's own in their place.

    `own` is what `read_limits` returned. A plan that this release does not know
    yet is worth the least.
    """
    granted = dict(own)
    if "requests" in granted:
        granted["requests"] = Rate(*granted["requests"])
    return replace(PLANS.get(plan, PLANS["FREE"]), **granted)


def read_limits(texts: Mapping[str, str]) -> dict[str, Any]:
    """Limits of a workspace's own, as they are stored, from what a person wrote.

    `requests` is written `5000/minute`, every other one as a number. Raises
    InvalidLimit.
    """
    known = {each.name for each in fields(Allowance)}
    limits: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in known:
            raise InvalidLimit(f"There is no limit {name}; there are {', '.join(sorted(known))}.")
        limits[name] = _read_rate(text) if name == "requests" else _read_number(name, text)
    return limits


def _read_rate(text: str) -> list[int]:
    found = RATE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= MOST_REQUESTS:
        raise InvalidLimit(f"`requests` is written like 5000/minute, with at most {MOST_REQUESTS:,}.")
    return [int(found[1]), UNITS[found[2]]]


def _read_number(name: str, text: str) -> int:
    most = MOST_EVENTS if name == "events" else MOST_REQUESTS
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
        raise InvalidLimit(f"`{name}` is a whole number from 1 to {most:,}.")
    return int(text)
