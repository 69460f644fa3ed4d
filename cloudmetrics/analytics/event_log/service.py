"""Looking at stored events."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloudmetrics.analytics.event_log import store
from cloudmetrics.analytics.event_log.models import EventFilter, MomentOutOfRange, PeriodInverted, StoredEvent
from cloudmetrics.analytics.events.timestamps import parse_timestamp
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.paging import Page, page, unseal

# Before the first page comes everything, whatever its time.
NEWEST = ("infinity", "")


async def list_page(
    caller: Caller,
    *,
    website_id: UUID | None = None,
    name: str | None = None,
    visitor_id: str | None = None,
    start: str | None = None,
    end: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[StoredEvent]:
    """Events that fit, newest first. `start` (included) and `end` (not) are RFC 3339.

    Raises NotFound for an unknown website, MomentOutOfRange, PeriodInverted, InvalidCursor.
    """
    wanted = EventFilter(website_id, name, visitor_id, _moment(start, "from"), _moment(end, "to"))
    if wanted.start and wanted.end and wanted.end <= wanted.start:
        raise PeriodInverted
    if website_id:
        await websites.get(caller, website_id)
    listing = f"events {wanted}"
    position = NEWEST
    if cursor is not None:
        moment, _, event_id = unseal(caller, listing, cursor).partition(" ")
        position = (moment, event_id)
    found = await store.list_before(caller.tenant, wanted, position, limit + 1)
    return page(caller, listing, found, limit, lambda event: f"{iso(event.occurred_at)} {event.id}")


async def get(caller: Caller, event_id: str) -> StoredEvent:
    """Raises NotFound."""
    event = await store.get(caller.tenant, event_id)
    if event is None:
        raise NotFound("event")
    return event


def _moment(text: str | None, parameter: str) -> datetime | None:
    if text is None:
        return None
    moment = parse_timestamp(text)
    if moment is None:
        raise MomentOutOfRange(text, parameter)
    return moment
