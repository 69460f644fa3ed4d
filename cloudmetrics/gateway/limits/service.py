"""Admits requests or refuses them, and tells how the caller stands."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import starmap
from operator import itemgetter
from typing import Any

from cloudmetrics.contract import Grant, Request
from cloudmetrics.gateway.client_address import client_address
from cloudmetrics.gateway.limits import rules
from cloudmetrics.gateway.limits.local import LocalLimits
from cloudmetrics.gateway.limits.models import Check, Standing
from cloudmetrics.gateway.limits.store import SharedLimits
from cloudmetrics.gateway.tracing import ADDED_HEADERS
from cloudmetrics.platform.errors import TooManyRequests, Unavailable
from cloudmetrics.platform.redis import Redis

logger = logging.getLogger(__name__)

# Where a request's scope keeps what it took.
TAKEN = "gateway.limits"
STANDINGS = "gateway.standings"

# What each limit counts, and how there can be more.
MORE_BY_PLAN = "A larger plan allows more."
MORE_ON_REQUEST = "It can be raised for a workspace: ask support."
TOLD = {
    "address": ("requests without a good credential", "Requests with a good one are not counted here."),
    "credential": ("requests of this credential", MORE_BY_PLAN),
    "ingest": ("requests with events", "Send more events in each request. " + MORE_BY_PLAN),
    "workspace": ("requests of the whole workspace", MORE_ON_REQUEST),
    "user": ("requests of one person", MORE_ON_REQUEST),
    "reads": ("requests of one person that read", MORE_ON_REQUEST),
    "writes": ("requests of one person that write", MORE_ON_REQUEST),
    "agent": ("requests to the assistant", MORE_ON_REQUEST),
}
UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


class Limits:
    """The limits of one process, counted together with all others as long as Redis is there.

    `workers` are the processes on this machine, which share what each limit
    allows while it is not. `local_since` is then the time since when, for whoever
    reports it, and None otherwise.
    """

    def __init__(self, redis: Redis, workers: int) -> None:
        self._shared = SharedLimits(redis)
        self._local = LocalLimits(workers)
        self.local_since: float | None = None

    async def admit(self, request: Request, grant: Grant | None) -> None:
        """Counts a request; `grant` is None for a stranger and for a bad credential.

        Raises TooManyRequests where a limit is used up, and then none was touched.
        """
        if grant is None:
            checks = rules.of_address(client_address(request))
        else:
            assert request.operation is not None
            checks = rules.of_caller(grant.caller, request.operation)
        if not checks:
            return
        standings = await self._judge(checks)
        request.scope[ADDED_HEADERS] = _headers(tuple(checks), standings)
        refused = [pair for pair in zip(checks, standings, strict=True) if not pair[1].admits]
        if refused:
            raise _refusal(*max(refused, key=lambda pair: pair[1].wait))
        request.scope[TAKEN] = checks
        request.scope[STANDINGS] = standings

    async def admit_free(self, request: Request) -> bool:
        """Counts a request that costs nothing in the window of its address; False where that is full."""
        checks = rules.of_address(client_address(request))
        standings = await self._judge(checks)
        if not standings[0].admits:
            return False
        request.scope[ADDED_HEADERS] = _headers(tuple(checks), standings)
        return True

    async def give_back(self, request: Request) -> None:
        """For an answer that costs nothing, such as a 304: only the window of its address counts it."""
        taken: list[Check] = request.scope.pop(TAKEN, [])
        if taken and taken[0].name != "address":
            await self._judge([check._replace(cost=-check.cost) for check in taken])
            await self._judge(rules.of_address(client_address(request)))

    async def _judge(self, checks: Sequence[Check]) -> list[Standing]:
        try:
            standings = await self._shared.judge(checks)
        except Unavailable as absence:
            if self.local_since is None:
                self.local_since = time.time()
                logger.warning(
                    "limits are counted by each worker alone, since Redis cannot be reached",
                    extra={"reason": str(absence.__cause__ or absence)},
                )
            return self._local.judge(checks, time.monotonic_ns() // 1_000_000)
        if self.local_since is not None:
            self.local_since = None
            self._local.forget()
            logger.warning("limits are counted by all workers together again")
        return standings


def standings(request: Request) -> list[dict[str, Any]]:
    """How the caller stands with each limit of this request, after it, as JSON objects."""
    pairs = zip(request.scope.get(TAKEN, ()), request.scope.get(STANDINGS, ()), strict=True)
    return [
        {
            "name": check.name,
            "limit": check.limit,
            "window_seconds": check.seconds,
            "remaining": standing.remaining,
            "more_in_seconds": _seconds(standing.wait),
        }
        for check, standing in pairs
    ]


def _refusal(check: Check, standing: Standing) -> TooManyRequests:
    what, more = TOLD[check.name]
    seconds = _seconds(standing.wait)
    unit = UNITS.get(check.seconds, f"{check.seconds} seconds")
    message = f"The {check.limit:,} {what} per {unit} are used up. Try again in {seconds} s. {more}"
    details = {"policy": check.name, "limit": check.limit, "window_seconds": check.seconds}
    return TooManyRequests(message, seconds, details)


def _headers(checks: tuple[Check, ...], standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """The scarcest limit in the customary headers, all of them in those of the IETF's draft."""
    scarcest = standings.index(min(standings, key=itemgetter(0, 1)))
    limit, standing = checks[scarcest].limit, standings[scarcest]
    items = ", ".join(
        f'"{check.name}";r={remaining};t={_seconds(wait)}'
        for check, (_, remaining, wait) in zip(checks, standings, strict=True)
    )
    return [
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%d" % (time.time() + standing.wait / 1000 + 1)),
        (b"ratelimit-policy", _policies(tuple((check.name, check.limit, check.seconds) for check in checks))),
        (b"ratelimit", items.encode()),
    ]


@lru_cache(maxsize=1024)
def _policies(policies: tuple[tuple[str, int, int], ...]) -> bytes:
    return ", ".join(starmap('"{}";q={};w={}'.format, policies)).encode()


def _seconds(milliseconds: int) -> int:
    """Rounded up, so that whoever waits as long as told is not told again."""
    return -(-milliseconds // 1000)
