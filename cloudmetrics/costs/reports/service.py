"""Asking what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from cloudmetrics.analytics.metrics.models import Comparison, DateRange
from cloudmetrics.analytics.metrics.ranges import before, date_range
from cloudmetrics.costs.dimensions import DIMENSIONS, LONGEST_TAG, TAG, is_known
from cloudmetrics.costs.reports import store
from cloudmetrics.costs.reports.models import (
    Breakdown,
    ByCurrency,
    Cost,
    Costs,
    Question,
    UnclearTag,
    UnknownDimension,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant

WHOLE = "MONTH"


def ask(
    tenant: Tenant,
    *,
    start_date: str | None = None,
    end_date: str | None = None,
    cost: str = "BILLED",
    filters: Mapping[str, str | None] | None = None,
    tags: Sequence[str] = (),
) -> Question:
    """A question, with the last 30 days of UTC where nothing is said.

    `tags` are written `key=value`. Raises DateOutOfRange, RangeInverted, RangeTooLong, UnclearTag.
    """
    days = date_range(start_date, end_date, today(tenant))
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    return Question(days, Cost(cost), given | tag_filters(tags))


def tag_filters(tags: Sequence[str]) -> dict[str, str]:
    """`application=shop` as a filter. Raises UnclearTag."""
    found = {}
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not equals or not 0 < len(key) <= LONGEST_TAG:
            raise UnclearTag(f"{tag[:40]!r} is no tag and value: write key=value.")
        found[TAG + key] = value
    return found


def today(tenant: Tenant) -> date:
    """Today in a workspace, in UTC, as bills have it."""
    return clock.now_of(tenant).date()


async def costs(caller: Caller, question: Question, interval: str) -> Costs:
    """What a range of days cost, as a whole and by day, week or month. Raises QueryTooSlow."""
    return Costs(question, interval, await store.by_day(caller.tenant, question, interval))


async def breakdown(caller: Caller, question: Question, dimension: str, top: int) -> Breakdown:
    """What each value of a dimension cost, compared with as many days before.

    Raises UnknownDimension, NothingBefore, QueryTooSlow.
    """
    if not is_known(dimension):
        known = ", ".join((*DIMENSIONS, f"{TAG}<key>"))
        raise UnknownDimension(f"Costs have no dimension {dimension[:40]!r}; there are {known}.")
    earlier = before(question.days, Comparison.PREVIOUS_PERIOD)
    groups = await store.by_value(caller.tenant, question, dimension, earlier, top)
    return Breakdown(question, dimension, earlier, groups)


async def total(tenant: Tenant, question: Question) -> dict[str, Decimal]:
    """What a range of days cost, in each currency; {} where there are no charges. Raises QueryTooSlow."""
    return Costs(question, WHOLE, await store.by_day(tenant, question, WHOLE)).total


async def by_day(tenant: Tenant, question: Question) -> dict[date, ByCurrency]:
    """What each day with charges cost, in each currency. Raises QueryTooSlow."""
    return await store.by_day(tenant, question, "DAY")


async def known_days(tenant: Tenant, within: DateRange) -> DateRange | None:
    """From the first day with any charge to the last one, of these days; None where there is none."""
    return await store.known_days(tenant, Question(within))
