"""What can be done with goals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import Dimension
from cloudmetrics.analytics.goals import store
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.goals.models import Completions, Goal, Tally
from cloudmetrics.analytics.metrics.ranges import date_range
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

POINTER = "/condition"
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
    """Raises NotFound."""
    if not await store.delete(caller.tenant, goal_id):
        raise NotFound("goal")


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


def _tally(row: Row) -> Tally:
    return Tally(row["visitors"], row["converted_visitors"], row["completions"])


def _found(goal: Goal | None) -> Goal:
    if goal is None:
        raise NotFound("goal")
    return goal
