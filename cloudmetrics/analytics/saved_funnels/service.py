"""What can be done with saved funnels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.trash import service as trash
from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.funnels import service as funnels
from cloudmetrics.analytics.funnels.models import Funnel
from cloudmetrics.analytics.saved_funnels import store
from cloudmetrics.analytics.saved_funnels.models import Plan, SavedFunnel
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

# What the trash calls it.
FUNNEL = "FUNNEL"


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[SavedFunnel]:
    """The funnels that a query asks for, oldest first unless it says otherwise.

    Raises NotFound for an unknown website, InvalidCursor, InvalidMoment.
    """
    if website_id := query.get("website_id"):
        await websites.get(caller, UUID(website_id))
    asked = store.FUNNELS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, funnel_id: UUID) -> SavedFunnel:
    """Raises NotFound."""
    funnel = await store.get(caller.tenant, funnel_id)
    if funnel is None:
        raise NotFound("funnel")
    return funnel


async def create(caller: Caller, website_id: UUID, plan: Plan) -> SavedFunnel:
    """Raises NotFound for an unknown website, CurrencyMismatch."""
    website = await websites.get(caller, website_id)
    _require_currency(plan, website.currency)
    now = clock.now_of(caller.tenant)
    funnel = SavedFunnel(new_id(), website_id, plan, now, now)
    async with caller.tenant.transaction() as transaction:
        await store.create(transaction, caller.tenant, funnel)
    return funnel


async def change(caller: Caller, funnel_id: UUID, fields: dict[str, Any]) -> SavedFunnel:
    """Changes those of name, steps and window that are given, as the contract names them.

    Raises NotFound, CurrencyMismatch.
    """
    async with caller.tenant.transaction() as transaction:
        before, currency = await store.lock(transaction, caller.tenant, funnel_id)
        plan = Plan.from_json(before.plan.to_json() | fields)
        _require_currency(plan, currency)
        now = clock.now_of(caller.tenant)
        await store.update(transaction, caller.tenant, funnel_id, plan, now)
    return replace(before, plan=plan, updated_at=now)


async def delete(caller: Caller, funnel_id: UUID) -> None:
    """Hides it; it can be restored for 30 days. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        await store.lock(transaction, caller.tenant, funnel_id)
        await store.set_deleted(transaction, caller.tenant, funnel_id, clock.now_of(caller.tenant))
        await trash.put(transaction, caller.tenant, FUNNEL, funnel_id)


async def restore(caller: Caller, funnel_id: UUID) -> SavedFunnel:
    """Brings a deleted funnel back. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        funnel, _ = await store.lock(transaction, caller.tenant, funnel_id, deleted=True)
        await store.set_deleted(transaction, caller.tenant, funnel_id, None)
        await trash.take(transaction, caller.tenant, FUNNEL, funnel_id)
    return replace(funnel, deleted_at=None)


async def results(
    caller: Caller,
    funnel_id: UUID,
    *,
    start_date: str | None = None,
    end_date: str | None = None,
    first_touch: FirstTouch | None = None,
) -> Funnel:
    """What query-funnel answers to the same question.

    Raises NotFound, CurrencyMismatch, DateOutOfRange, RangeInverted, RangeTooLong, QueryTooSlow.
    """
    funnel = await get(caller, funnel_id)
    return await funnels.query(
        caller,
        website_id=funnel.website_id,
        steps=funnel.plan.steps,
        window_hours=funnel.plan.window_hours,
        first_touch=first_touch,
        start_date=start_date,
        end_date=end_date,
    )


def _require_currency(plan: Plan, currency: str) -> None:
    for index, step in enumerate(plan.steps):
        step.require_currency(currency, f"/steps/{index}")
