"""Values of costs: one question per source, about all the days that are asked for."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from cloudmetrics.alerting.watching.models import (
    NO_DATA,
    SEVERAL_CURRENCIES,
    TOO_SLOW,
    UNAVAILABLE,
    Ask,
    CostSource,
    Problem,
    Value,
)
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.money import added
from cloudmetrics.costs.reports import service as costs
from cloudmetrics.costs.reports.models import ByCurrency, Cost, Question
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable

logger = logging.getLogger(__name__)

ByDay = Mapping[date, ByCurrency]


async def values(tenant: Tenant, asks: Collection[Ask]) -> dict[Ask, Value]:
    """The value of each ask, or why it has none. Raises Unavailable."""
    of_source: dict[CostSource, list[DateRange]] = defaultdict(list)
    for ask in asks:
        assert isinstance(ask.source, CostSource)
        assert isinstance(ask.period, DateRange)
        of_source[ask.source].append(ask.period)
    found: dict[Ask, Value] = {}
    for source, periods in of_source.items():
        by_day = await _by_day(tenant, source, periods)
        last = max(period.end for period in periods)
        for period in periods:
            value = by_day if isinstance(by_day, Problem) else _value(source, by_day, period, last)
            found[Ask(source, period)] = value
    return found


async def _by_day(tenant: Tenant, source: CostSource, periods: list[DateRange]) -> ByDay | Problem:
    days = DateRange(min(period.start for period in periods), max(period.end for period in periods))
    filters = dict(source.filters) | costs.tag_filters(source.tags)
    try:
        return await costs.by_day(tenant, Question(days, Cost(source.cost), filters))
    except QueryTooSlow:
        return TOO_SLOW
    except Unavailable:
        raise
    except Exception:
        logger.exception("the costs that an alert watches cannot be counted")
        return UNAVAILABLE


def _value(source: CostSource, by_day: ByDay, period: DateRange, last: date) -> Value:
    """What a period cost, in units of the currency. Before the first charge there is nothing to tell."""
    first = min(by_day, default=last)
    if period.end < first:
        return NO_DATA
    currencies = {currency for costs_of_day in by_day.values() for currency in costs_of_day}
    if source.currency is None and len(currencies) > 1:
        return SEVERAL_CURRENCIES
    wanted = source.currency or next(iter(currencies), None)
    amounts = [by_day.get(day, {}).get(wanted or "", Decimal(0)) for day in period]
    return float(added(amounts))
