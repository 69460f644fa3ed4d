"""The answer of get-metrics, as JSON objects, from the rows that were counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cloudmetrics.analytics.metrics.models import Asked, DateRange, Money
from cloudmetrics.analytics.metrics.ranges import HOUR, buckets
from cloudmetrics.analytics.questions.models import Numbers, json_of

RATES = ("views_per_visit", "bounce_rate", "visit_duration")
COUNTS = ("visitors", "visits", "pageviews", "events")
CHANGES = (*COUNTS, *RATES, "revenue", "revenue_per_visitor", "conversion_rate")


def totals(numbers: Numbers, asked: Asked, currency: str) -> dict[str, Any]:
    """The numbers of a whole range. `currency` is named where nothing was earned."""
    names = (*COUNTS, *RATES, "revenue", "revenue_per_visitor")
    return {
        **{name: json_of(numbers.metric(name, currency)) for name in names},
        "revenue_by_currency": [money.to_json() for money in numbers.by_currency()],
        "conversion_rate": numbers.metric("conversion_rate", currency) if asked.goal is not None else None,
    }


def breakdown(
    found: Mapping[tuple[date, int | None], Numbers], asked: Asked, whole: Numbers, currency: str
) -> list[dict[str, Any]]:
    """A row per part of the range, also for those in which nothing happened."""
    earned = whole.money(currency)
    nothing = Numbers()
    rows = []
    for day, hour in buckets(asked.days, asked.interval):
        numbers = found.get((day, hour), nothing)
        row: dict[str, Any] = {"date": day.isoformat(), "hour": hour}
        row |= {name: json_of(numbers.metric(name, currency)) for name in (*COUNTS, *RATES)}
        # The range's currency also where a part of it earned nothing.
        row["revenue"] = _in(numbers, earned)
        rows.append(row)
    return rows


def _in(numbers: Numbers, earned: Money | None) -> dict[str, Any] | None:
    if earned is None:
        return None
    return Money(numbers.revenue.get(earned.currency, 0), earned.currency).to_json()


def comparison(days: DateRange, earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The numbers of earlier days, and by what part each has changed since."""
    return {
        "start_date": days.start.isoformat(),
        "end_date": days.end.isoformat(),
        **earlier,
        "change": {name: change_of(earlier[name], now[name]) for name in CHANGES},
    }


def change_of(earlier: Any, now: Any) -> float | None:
    """0.25 is a quarter more; None where there is nothing above 0 to compare with."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        if earlier["currency"] != now["currency"]:
            return None
        earlier, now = earlier["amount_minor"], now["amount_minor"]
    if not isinstance(earlier, int | float) or not isinstance(now, int | float) or earlier <= 0:
        return None
    return (now - earlier) / earlier


def bucket_of(text: str, interval: str) -> tuple[date, int | None]:
    """The part of the range that a row is about: 2026-11-01, or 2026-11-01T13:00."""
    return date.fromisoformat(text[:10]), int(text[11:13]) if interval == HOUR else None
