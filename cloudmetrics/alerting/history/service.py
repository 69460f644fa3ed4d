"""Reading the history of a rule."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.alerting.history import store
from cloudmetrics.alerting.history.models import Event
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.paging import Page, page, unseal

# Every id comes before this one.
END = UUID(int=2**128 - 1)


async def list_page(
    caller: Caller, alert_id: UUID, *, cursor: str | None = None, limit: int = 100
) -> Page[Event]:
    """What became of a rule, newest first. Raises NotFound, InvalidCursor."""
    await rules.get(caller, alert_id)
    listing = f"alert history {alert_id}"
    before = END if cursor is None else UUID(unseal(caller, listing, cursor))
    found = await store.list_before(caller.tenant, alert_id, before, limit + 1)
    return page(caller, listing, found, limit, lambda event: str(event.id))
