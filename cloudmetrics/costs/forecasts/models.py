"""What a month is going to cost, in each currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.money import Amount, added, rounded
from cloudmetrics.costs.reports.models import Question

# Four weeks, so that each day of the week is in them equally often.
WINDOW = 28
FEWEST = 7
LEVEL = 0.8
# Of the standard normal distribution, 80% lie within so many deviations.
DEVIATIONS = Decimal("1.2816")

ByDay = Mapping[date, Decimal]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a month costs at its end: most likely `expected`, and from `low` to `high` in 80 of 100 cases."""

    expected: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a month cost so far in one currency; `estimate` is None where too little is known."""

    currency: str
    spent: Decimal
    estimate: Estimate | None

    def to_json(self) -> dict[str, Any]:
        found = self.estimate
        return {
            "currency": self.currency,
            "spent": Amount(self.spent, self.currency).to_json(),
            "forecast": self._rounded(found.expected) if found else None,
            "low": self._rounded(found.low) if found else None,
            "high": self._rounded(found.high) if found else None,
        }

    def _rounded(self, value: Decimal) -> dict[str, Any]:
        return Amount(rounded(value, self.currency), self.currency).to_json()


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outlook of a month. Up to `known_until`, its days are whole; None where no bill tells of any."""

    question: Question
    known_until: date | None
    outlooks: Sequence[Outlook]

    def of(self, currency: str) -> Outlook | None:
        return next((each for each in self.outlooks if each.currency == currency), None)

    def to_json(self) -> dict[str, Any]:
        return {
            "known_until": self.known_until.isoformat() if self.known_until else None,
            "level": LEVEL,
            "by_currency": [each.to_json() for each in self.outlooks],
        }


def estimate(month: DateRange, known: DateRange, every: ByDay, usage: ByDay) -> Estimate | None:
    """What a month is going to cost, from what its days, and those before, cost so far.

    `known` are the days that bills tell of, whether anything was charged on them or not;
    `every` has all charges by day, and `usage` those for usage. The mean method: each of the
    days to come is expected to use what a day of the last four weeks used on average. One-time
    charges (purchases, taxes, credits) are known when they happen, and do not recur. With s the
    standard deviation of n days, the sum of m days to come has the standard deviation
    s·√(m + m²/n): m for the days themselves, m²/n for the mean, which is an estimate too
    (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.2 and 5.5,
    where m is 1). None where fewer than 7 days are known.
    """
    days = list(DateRange(max(known.start, known.end - timedelta(days=WINDOW - 1)), known.end))
    if len(days) < FEWEST:
        return None
    used = [usage.get(day, Decimal(0)) for day in days]
    count, left = len(days), _days_left(month, known.end)
    mean = added(used) / count
    variance = added((each - mean) ** 2 for each in used) / (count - 1)
    certain = added(
        amount if day <= known.end else amount - usage.get(day, Decimal(0))
        for day, amount in every.items()
        if month.start <= day <= month.end
    )
    expected = certain + mean * left
    spread = DEVIATIONS * (variance * (left + Decimal(left) ** 2 / count)).sqrt()
    return Estimate(expected, expected - spread, expected + spread)


def _days_left(month: DateRange, known_until: date) -> int:
    return max(0, (month.end - max(known_until, month.start - timedelta(days=1))).days)
