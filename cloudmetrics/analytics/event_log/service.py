"""Looking at stored events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.event_log import store
from cloudmetrics.analytics.event_log.models import EventFilter, MomentOutOfRange, PeriodInverted, StoredEvent
from cloudmetrics.analytics.events.timestamps import parse_timestamp
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.errors import NotFound, Unavailable
from cloudmetrics.platform.paging import Page

OLDEST = ("-infinity", "")
# Small enough that other requests get their turn between two pages.
EXPORT_PAGE = 1_000
EXPORT_PAUSES = (0.5, 1.0, 2.0, 4.0)


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[StoredEvent]:
    """The events that a query asks for, newest first unless it says otherwise.

    `from_` (included) and `to` (not) are RFC 3339. Raises NotFound for an unknown
    website, MomentOutOfRange, PeriodInverted, InvalidCursor, InvalidMoment.
    """
    start, end = _period(query.get("from_"), query.get("to"))
    if website_id := query.get("website_id"):
        await websites.get(caller, UUID(website_id))
    asked = store.EVENTS.ask(caller, {**query, "from_": start, "to": end})
    return asked.page(await store.listed(caller.tenant, asked))


async def export(
    caller: Caller, website_id: UUID, *, start: str | None = None, end: str | None = None
) -> AsyncIterator[list[StoredEvent]]:
    """All events of a website that fit, oldest first, in pages, however many there are.

    Page by page rather than in one long read, which would keep PostgreSQL from
    cleaning up, and would be lost with its connection: a page is tried again for
    a while where PostgreSQL is away. What arrives meanwhile may be among them.

    Raises NotFound, MomentOutOfRange, PeriodInverted before the first page; after it only Unavailable.
    """
    wanted = EventFilter(website_id, *_period(start, end))
    await websites.get(caller, website_id)
    first = await store.list_after(caller.tenant, wanted, OLDEST, EXPORT_PAGE)
    return _pages(caller, wanted, first)


async def _pages(
    caller: Caller, wanted: EventFilter, page: list[StoredEvent]
) -> AsyncIterator[list[StoredEvent]]:
    while page:
        yield page
        if len(page) < EXPORT_PAGE:
            return
        page = await _page_after(caller, wanted, page[-1])


async def _page_after(caller: Caller, wanted: EventFilter, last: StoredEvent) -> list[StoredEvent]:
    """The next page, asked for several times where PostgreSQL is away."""
    position = (iso(last.occurred_at), last.id)
    for pause in EXPORT_PAUSES:
        try:
            return await store.list_after(caller.tenant, wanted, position, EXPORT_PAGE)
        except Unavailable:
            await asyncio.sleep(pause)
    return await store.list_after(caller.tenant, wanted, position, EXPORT_PAGE)


async def get(caller: Caller, event_id: str) -> StoredEvent:
    """Raises NotFound."""
    event = await store.get(caller.tenant, event_id)
    if event is None:
        raise NotFound("event")
    return event


def _period(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Raises MomentOutOfRange, PeriodInverted."""
    period = _moment(start, "from"), _moment(end, "to")
    if period[0] and period[1] and period[1] <= period[0]:
        raise PeriodInverted
    return period


def _moment(text: str | None, parameter: str) -> datetime | None:
    if text is None:
        return None
    moment = parse_timestamp(text)
    if moment is None:
        raise MomentOutOfRange(text, parameter)
    return moment
