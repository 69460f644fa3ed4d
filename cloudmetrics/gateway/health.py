"""/healthz: the process runs. /readyz: all that it stands on is there; if not, it says what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson

from cloudmetrics.contract import MethodNotAllowed, Receive, Scope, Send
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.migrations import missing_migrations
from cloudmetrics.platform.redis import Redis

# What can be asked, by its name.
Checks = Mapping[str, Callable[[], Awaitable[str]]]

PATHS = frozenset({"/healthz", "/readyz"})
CHECK_SECONDS = 2
OK = "ok"


def checks_of(database: Database, redis: Redis) -> Checks:
    """What the service stands on."""
    return {
        "postgresql": lambda: _answers(database.ping()),
        "redis": lambda: _answers(redis.ping()),
        "migrations": lambda: _are_applied(database),
    }


class Health:
    """An ASGI app for the paths in PATHS."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed({"GET", "HEAD"})
        found = await self.examine() if scope["path"] == "/readyz" else {}
        ready = all(verdict == OK for verdict in found.values())
        body = {"status": OK if ready else "not ready", **({"checks": found} if found else {})}
        content = orjson.dumps(body)
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200 if ready else 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def examine(self) -> dict[str, str]:
        """What each part answers, all asked at the same time: `ok`, or what is wrong."""
        verdicts = await asyncio.gather(*(_in_time(check) for check in self.checks.values()))
        return dict(zip(self.checks, verdicts, strict=True))


async def _in_time(check: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS} s"
    except Unavailable as absence:
        return str(absence)


async def _answers(ping: Awaitable[None]) -> str:
    await ping
    return OK


async def _are_applied(database: Database) -> str:
    missing = await missing_migrations(database)
    return f"not applied: {', '.join(missing)}" if missing else OK
