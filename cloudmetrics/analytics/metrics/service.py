"""Asking for metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.answers import service as answers
from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.metrics import answering
from cloudmetrics.analytics.metrics.models import Asked, Comparison, DateRange
from cloudmetrics.analytics.metrics.ranges import before, date_range, require_few_days
from cloudmetrics.analytics.questions import store
from cloudmetrics.analytics.questions.composing import compose
from cloudmetrics.analytics.questions.dimensions import FIRST_TOUCH, TIME, Interval
from cloudmetrics.analytics.questions.filters import All, In
from cloudmetrics.analytics.questions.models import METRICS, Numbers, Question, added_up
from cloudmetrics.analytics.questions.planner import plan
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller

OF_PARTS = ("visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "revenue")


async def get(
    caller: Caller,
    *,
    start_date: str | None = None,
    end_date: str | None = None,
    interval: str = "DAY",
    website_id: UUID | None = None,
    traits: Mapping[str, str | None] | None = None,
    goal: str | None = None,
    compare: str | None = None,
) -> tuple[dict[str, Any], Asked]:
    """The numbers as JSON objects, and the question with its dates filled in.

    Today is a day of the website's time zone, or of the workspace's where no
    website is named; in the same way the currency is chosen where nothing was
    earned. Raises NotFound, DateOutOfRange, RangeInverted, RangeTooLong,
    NothingBefore, QueryTooSlow.
    """
    state = await answers.state(caller, website_id)
    today = clock.today_of(caller.tenant, state.timezone)
    asked = Asked(
        date_range(start_date, end_date, today),
        interval,
        website_id,
        dict.fromkeys(FIRST_TOUCH) | dict(traits or {}),
        goal,
        Comparison(compare) if compare else None,
    )
    require_few_days(asked.days, interval)
    earlier = before(asked.days, asked.compare) if asked.compare else None
    question = {"operation": "get-metrics", "currency": state.currency, **asked.to_json()}

    async def draw() -> dict[str, Any]:
        return await _count(caller, asked, earlier, state.currency)

    return await answers.answer(caller, state, question, draw), asked


async def _count(caller: Caller, asked: Asked, earlier: DateRange | None, currency: str) -> dict[str, Any]:
    """All numbers in one statement, so that all are of the same moment.

    Of the whole only that is asked which its parts do not tell together.
    """
    whole = _question(asked)
    overlapping = tuple(name for name in whole.metrics if name in ("visitors", "conversion_rate"))
    plans = [
        plan(replace(whole, metrics=overlapping)),
        plan(replace(whole, metrics=OF_PARTS, dimensions=(TIME,))),
    ]
    if earlier is not None:
        plans.append(plan(replace(whole, days=earlier)))
    records = await store.run(caller.tenant, compose(caller.tenant.workspace_id, plans))
    found: list[dict[str | None, Numbers]] = [{}, {}, {}]
    for record in records:
        row = store.to_row(record, 1)
        found[record["question"]][row.values[0]] = row.numbers
    overlap = found[0].get(None, Numbers())
    total = added_up(found[1].values(), overlap.visitors, overlap.conversions)
    by_part = {
        answering.bucket_of(text, asked.interval): numbers for text, numbers in found[1].items() if text
    }
    data = answering.totals(total, asked, currency)
    compared = None
    if earlier is not None:
        then = answering.totals(found[2].get(None, Numbers()), asked, currency)
        compared = answering.comparison(earlier, then, data)
    rows = answering.breakdown(by_part, asked, total, currency)
    return {**data, "breakdown": rows, "comparison": compared}


def _question(asked: Asked) -> Question:
    wanted = tuple(In(name, (value,)) for name, value in asked.traits.items() if value is not None)
    return Question(
        asked.days,
        tuple(name for name in METRICS if name != "conversion_rate" or asked.goal is not None),
        asked.website_id,
        interval=Interval(asked.interval),
        filter=All(wanted) if wanted else None,
        goal=Condition(Kind.EVENT, event_name=asked.goal) if asked.goal is not None else None,
    )
