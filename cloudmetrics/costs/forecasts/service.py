"""Forecasting a month's costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.forecasts.models import WINDOW, Forecast, Outlook, estimate
from cloudmetrics.costs.money import added
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.costs.reports.models import ByCurrency, Cost, Question
from cloudmetrics.platform.database import Tenant

USAGE = {"charge_category": "Usage"}
# Bills are late by some days, and the four weeks before those are wanted as well.
BEFORE = timedelta(days=2 * WINDOW)


async def of_month(tenant: Tenant, cost: Cost, filters: Mapping[str, str], today: date) -> Forecast:
    """What the month of a day costs so far, and at its end. Raises QueryTooSlow."""
    month = month_of(today)
    question = Question(month, cost, filters)
    wide = Question(DateRange(month.start - BEFORE, month.end), cost, filters)
    every = await reports.by_day(tenant, wide)
    # Who asks for one kind of charges gets those for usage, or none.
    narrow = Question(wide.days, cost, {**filters, **USAGE})
    is_other = filters.get("charge_category", "Usage") != "Usage"
    usage = {} if is_other else await reports.by_day(tenant, narrow)
    # Today is not over, and neither are its charges.
    past = DateRange(wide.days.start, today - timedelta(days=1))
    known = await reports.known_days(tenant, past)
    currencies = sorted({currency for day in every.values() for currency in day})
    outlooks = [
        _outlook(month, known, _in(currency, every), _in(currency, usage), currency)
        for currency in currencies
    ]
    return Forecast(question, known.end if known else None, outlooks)


def month_of(day: date) -> DateRange:
    """The calendar month of a day."""
    start = day.replace(day=1)
    return DateRange(start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _outlook(
    month: DateRange,
    known: DateRange | None,
    every: Mapping[date, Decimal],
    usage: Mapping[date, Decimal],
    currency: str,
) -> Outlook:
    spent = added(amount for day, amount in every.items() if day >= month.start)
    found = estimate(month, known, every, usage) if known else None
    return Outlook(currency, spent, found)


def _in(currency: str, by_day: Mapping[date, ByCurrency]) -> dict[date, Decimal]:
    return {day: costs[currency] for day, costs in by_day.items() if currency in costs}
