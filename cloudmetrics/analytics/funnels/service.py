"""Asking for funnels."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.funnels import store
from cloudmetrics.analytics.funnels.models import Funnel, FunnelQuestion, Reached
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.metrics.ranges import date_range
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller


async def query(
    caller: Caller,
    *,
    website_id: UUID,
    steps: Sequence[Condition],
    window_hours: int,
    first_touch: FirstTouch | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> Funnel:
    """How many visitors completed each step, as the contract defines it.

    Raises NotFound, CurrencyMismatch, DateOutOfRange, RangeInverted, RangeTooLong.
    """
    website = await websites.get(caller, website_id)
    days = date_range(start_date, end_date, clock.today_of(caller.tenant, website.timezone))
    for index, step in enumerate(steps):
        step.require_currency(website.currency, f"/steps/{index}")
    question = FunnelQuestion(website_id, days, window_hours, steps, first_touch or FirstTouch())
    reached = await store.reached(caller.tenant, question)
    return Funnel(question, [reached.get(number, Reached()) for number in range(1, len(steps) + 1)])
