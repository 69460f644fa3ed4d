"""Looking at visitors, and letting them go."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.event_log import service as event_log
from cloudmetrics.analytics.event_log.models import StoredEvent
from cloudmetrics.analytics.metrics.models import DateOutOfRange, RangeInverted
from cloudmetrics.analytics.rollups.erasure import store as erasure
from cloudmetrics.analytics.rollups.erasure.models import Erasure
from cloudmetrics.analytics.visitors import store
from cloudmetrics.analytics.visitors.models import Visit, Visitor, VisitorFilter
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.paging import Page, page, unseal


async def list_page(
    caller: Caller,
    website_id: UUID,
    *,
    first_touch: FirstTouch,
    start_date: str | None = None,
    end_date: str | None = None,
    event_name: str | None = None,
    minimum_revenue: int | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Visitor]:
    """Visitors of a website who fit, in the order of their ids.

    Raises NotFound, DateOutOfRange, RangeInverted, InvalidCursor.
    """
    website = await websites.get(caller, website_id)
    start, end = _date(start_date, "start_date"), _date(end_date, "end_date")
    if start and end and end < start:
        raise RangeInverted(start, end)
    wanted = VisitorFilter(start, end, first_touch, event_name, minimum_revenue)
    listing = f"visitors {website_id} {wanted}"
    after = unseal(caller, listing, cursor) if cursor is not None else ""
    found = await store.list_after(caller.tenant, website, wanted, after, limit + 1)
    return page(caller, listing, found, limit, lambda visitor: visitor.id)


async def get(caller: Caller, website_id: UUID, visitor_id: str) -> Visitor:
    """Raises NotFound, for an unknown website too."""
    website = await websites.get(caller, website_id)
    visitor = await store.get(caller.tenant, website, visitor_id)
    if visitor is None:
        raise NotFound("visitor")
    return visitor


async def list_visits(
    caller: Caller, website_id: UUID, visitor_id: str, *, cursor: str | None = None, limit: int = 100
) -> Page[Visit]:
    """Visits of a visitor, newest first. Raises NotFound, InvalidCursor."""
    website = await websites.get(caller, website_id)
    listing = f"visits {website_id} {visitor_id}"
    before = unseal(caller, listing, cursor) if cursor is not None else "infinity"
    found = await store.visits_before(caller.tenant, website, visitor_id, before, limit + 1)
    if not found and cursor is None:
        raise NotFound("visitor")
    return page(caller, listing, found, limit, lambda visit: iso(visit.deeds.first_at))


async def list_events(
    caller: Caller, website_id: UUID, visitor_id: str, *, cursor: str | None = None, limit: int = 100
) -> Page[StoredEvent]:
    """Events of a visitor, newest first. Raises NotFound, InvalidCursor."""
    query = {"website_id": str(website_id), "visitor_id": visitor_id, "cursor": cursor, "limit": limit}
    found = await event_log.list_page(caller, query)
    if not found.items and cursor is None:
        raise NotFound("visitor")
    return found


async def erase(caller: Caller, website_id: UUID, visitor_id: str) -> Erasure:
    """Removes all that is stored of a visitor; where nothing is, nothing is removed.

    Raises NotFound for a website that is neither here nor in the trash.
    """
    await websites.require_stored(caller, website_id)
    removed, remaining = await erasure.erase(caller.tenant, website_id, visitor_id)
    return Erasure(visitor_id, clock.now_of(caller.tenant), removed, remaining)


def _date(text: str | None, parameter: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DateOutOfRange(text, parameter) from None
