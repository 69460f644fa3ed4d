"""What can be done with goals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.trash import service as trash
from cloudmetrics.analytics.dimensions import Dimension
from cloudmetrics.analytics.goals import store
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.goals.models import Completions, Goal, Tally
from cloudmetrics.analytics.metrics.ranges import date_range
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

POINTER = "/condition"
# What the trash and the audit log call it.
GOAL = "GOAL"
MOST_OF_WEBSITE = 100


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Goal]:
    """The goals that a query asks for, oldest first unless it says otherwise.

    Raises NotFound for an unknown website, InvalidCursor, InvalidMoment.
    """
    if website_id := query.get("website_id"):
        await websites.get(caller, UUID(website_id))
    asked = store.GOALS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def of_websites(caller: Caller, website_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The goals of each website that has any, oldest first, a hundred at most."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for goal in await store.of_websites(caller.tenant, website_ids, MOST_OF_WEBSITE):
        found.setdefault(goal.website_id, []).append(goal.to_json())
    return found


async def get(caller: Caller, goal_id: UUID) -> Goal:
    """Raises NotFound."""
    return _found(await store.get(caller.tenant, goal_id))


async def create(caller: Caller, *, website_id: UUID, name: str, condition: Condition) -> Goal:
    """Raises NotFound for an unknown website, CurrencyMismatch."""
    website = await websites.get(caller, website_id)
    condition.require_currency(website.currency, POINTER)
    return _found(
        await store.create(caller.tenant, new_id(), website_id, name, condition, clock.now_of(caller.tenant))
    )


async def update(caller: Caller, goal_id: UUID, *, name: str, condition: Condition) -> Goal:
    """Replaces both. Raises NotFound, CurrencyMismatch."""
    website = await websites.get(caller, (await get(caller, goal_id)).website_id)
    condition.require_currency(website.currency, POINTER)
    return _found(await store.update(caller.tenant, goal_id, name, condition, clock.now_of(caller.tenant)))


async def delete(caller: Caller, goal_id: UUID) -> None:
    """Hides it; it can be restored for 30 days. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        now = clock.now_of(caller.tenant)
        goal = _found(await store.set_deleted(transaction, caller.tenant, goal_id, now))
        await trash.put(transaction, caller.tenant, GOAL, goal_id)
        await _record(transaction, caller, Action.GOAL_DELETED, goal)


async def restore(caller: Caller, goal_id: UUID) -> Goal:
    """Brings a deleted goal back; one that lives stays as it is.

    Raises NotFound, also where its time has come, or its website is deleted.
    """
    async with caller.tenant.transaction() as transaction:
        goal = await store.set_deleted(transaction, caller.tenant, goal_id, None)
        if goal is not None:
            await trash.take(transaction, caller.tenant, GOAL, goal_id)
            await _record(transaction, caller, Action.GOAL_RESTORED, goal)
    return goal or await get(caller, goal_id)


async def completions(
    caller: Caller,
    goal_id: UUID,
    *,
    start_date: str | None = None,
    end_date: str | None = None,
    dimension: Dimension | None = None,
) -> Completions:
    """How often the goal was completed, in days of the website's time zone.

    Raises NotFound, DateOutOfRange, RangeInverted, RangeTooLong, QueryTooSlow.
    """
    goal = await get(caller, goal_id)
    website = await websites.get(caller, goal.website_id)
    days = date_range(start_date, end_date, clock.today_of(caller.tenant, website.timezone))
    total, *by_day = await store.completions(caller.tenant, goal, days)
    by_value = await store.completions_by(caller.tenant, goal, days, dimension) if dimension else []
    return Completions(
        goal,
        days,
        _tally(total),
        {row["day"]: _tally(row) for row in by_day},
        dimension,
        [(row["value"], _tally(row)) for row in by_value],
    )


async def _record(transaction: Transaction, caller: Caller, action: Action, goal: Goal) -> None:
    actor, subject = Actor.of(caller), (GOAL, goal.id)
    await audit.record(transaction, caller.tenant.workspace_id, actor, action, subject, name=goal.name)


def _tally(row: Row) -> Tally:
    return Tally(row["visitors"], row["converted_visitors"], row["completions"])


def _found(goal: Goal | None) -> Goal:
    if goal is None:
        raise NotFound("goal")
    return goal
