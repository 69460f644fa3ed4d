"""Looking at visitors."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.visitors import store
from cloudmetrics.analytics.visitors.models import Visit, Visitor
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.paging import Page, page, unseal


async def list_page(
    caller: Caller, website_id: UUID, *, cursor: str | None = None, limit: int = 100
) -> Page[Visitor]:
    """Visitors of a website, in the order of their ids. Raises NotFound, InvalidCursor."""
    website = await websites.get(caller, website_id)
    listing = f"visitors {website_id}"
    after = unseal(caller, listing, cursor) if cursor is not None else ""
    found = await store.list_after(caller.tenant, website, after, limit + 1)
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
