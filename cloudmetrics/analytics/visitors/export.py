"""All that is stored of a visitor, as lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

import orjson

from cloudmetrics.analytics.visitors import service, store
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.paging import Page

MEDIA_TYPE = "application/x-ndjson"
AT_ONCE = 1000


class Thing(Protocol):
    def to_json(self) -> dict[str, Any]: ...


async def lines(caller: Caller, website_id: UUID, visitor_id: str) -> AsyncIterator[bytes]:
    """One line per thing: the visitor, their days, visits and events, and at last how many there were.

    Raises NotFound at once, and not while the lines are read. They are read in pages of
    their own, so that a slow reader keeps no connection to the database; what happens
    meanwhile may show. Whoever has no last line has not got everything.
    """
    visitor = await service.get(caller, website_id, visitor_id)
    return _lines(caller, website_id, visitor_id, visitor)


async def _lines(caller: Caller, website_id: UUID, visitor_id: str, visitor: Thing) -> AsyncIterator[bytes]:
    yield _line("VISITOR", visitor)
    counts = {"days": 0, "visits": 0, "events": 0}
    async for days in _days(caller, website_id, visitor_id):
        counts["days"] += len(days)
        yield b"".join(_line("DAY", day) for day in days)
    async for visits in _pages(
        lambda cursor: service.list_visits(caller, website_id, visitor_id, cursor=cursor, limit=AT_ONCE)
    ):
        counts["visits"] += len(visits)
        yield b"".join(_line("VISIT", visit) for visit in visits)
    async for events in _pages(
        lambda cursor: service.list_events(caller, website_id, visitor_id, cursor=cursor, limit=AT_ONCE)
    ):
        counts["events"] += len(events)
        yield b"".join(_line("EVENT", event) for event in events)
    yield orjson.dumps({"kind": "END", **counts}, option=orjson.OPT_APPEND_NEWLINE)


async def _days(caller: Caller, website_id: UUID, visitor_id: str) -> AsyncIterator[list[Thing]]:
    website = await websites.get(caller, website_id)
    after = "-infinity"
    while days := await store.days_after(caller.tenant, website, visitor_id, after, AT_ONCE):
        yield list(days)
        after = days[-1].day


async def _pages(read: Callable[[str | None], Awaitable[Page[Any]]]) -> AsyncIterator[list[Thing]]:
    cursor = None
    while True:
        page = await read(cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _line(kind: str, thing: Thing) -> bytes:
    return orjson.dumps({"kind": kind, **thing.to_json()}, option=orjson.OPT_APPEND_NEWLINE)
