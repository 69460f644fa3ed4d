"""Which costs are whose website's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.costs.allocations import store
from cloudmetrics.costs.allocations.models import Allocation, TagAllocated
from cloudmetrics.costs.reports.models import ByCurrency
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Allocation]:
    """The allocations that a query asks for, oldest first unless it says otherwise.

    Raises NotFound for an unknown website, InvalidCursor, InvalidMoment.
    """
    if website_id := query.get("website_id"):
        await websites.get(caller, UUID(website_id))
    asked = store.ALLOCATIONS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, allocation_id: UUID) -> Allocation:
    """Raises NotFound."""
    found = await store.get(caller.tenant, allocation_id)
    if found is None:
        raise NotFound("allocation")
    return found


async def create(caller: Caller, *, tag_key: str, tag_value: str, website_id: UUID) -> Allocation:
    """Raises NotFound for an unknown website, TagAllocated."""
    await websites.get(caller, website_id)
    async with caller.tenant.transaction() as transaction:
        made = await store.create(
            transaction,
            caller.tenant,
            new_id(),
            tag_key=tag_key,
            tag_value=tag_value,
            website_id=website_id,
            now=clock.now_of(caller.tenant),
        )
        if made is None:
            raise TagAllocated(tag_key, tag_value)
        await _record(transaction, caller, Action.ALLOCATION_CREATED, made)
    return made


async def delete(caller: Caller, allocation_id: UUID) -> None:
    """Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        gone = await store.delete(transaction, caller.tenant, allocation_id)
        if gone is None:
            raise NotFound("allocation")
        await _record(transaction, caller, Action.ALLOCATION_DELETED, gone)


async def costs_of_website(tenant: Tenant, website_id: UUID, days: DateRange) -> dict[date, ByCurrency]:
    """What a website was billed on each day of UTC with charges of its own. Raises QueryTooSlow."""
    return await store.costs_of_website(tenant, website_id, days)


async def _record(transaction: Transaction, caller: Caller, action: Action, allocation: Allocation) -> None:
    actor, subject = Actor.of(caller), ("ALLOCATION", allocation.id)
    details = {
        "tag": f"{allocation.tag_key}={allocation.tag_value}",
        "website_id": str(allocation.website_id),
    }
    await audit.record(transaction, caller.tenant.workspace_id, actor, action, subject, **details)
