"""Questions about costs, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.analytics.metrics.ranges import buckets
from cloudmetrics.costs.dimensions import TAG, tag_of
from cloudmetrics.costs.money import Amount, added

ByCurrency = Mapping[str, Decimal]


class Cost(StrEnum):
    """Which of the four costs of FOCUS is meant. `column` is where the store keeps it."""

    BILLED = "BILLED"
    EFFECTIVE = "EFFECTIVE"
    LIST = "LIST"
    CONTRACTED = "CONTRACTED"

    @property
    def column(self) -> str:
        return {"LIST": "listed"}.get(self.value, self.value.lower())


@dataclass(frozen=True, slots=True)
class Question:
    """Costs of some days of UTC. `filters` has the value that each dimension must have, '' for none."""

    days: DateRange
    cost: Cost = Cost.BILLED
    filters: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        tags = [f"{tag_of(name)}={value}" for name, value in self.filters.items() if name.startswith(TAG)]
        return {
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "cost": self.cost.value,
            **{name: self.filters.get(name) for name in FILTERS},
            "tags": tags,
        }


FILTERS = ("provider", "billing_account", "account", "service", "category", "region", "charge_category")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a range of days cost. `by_day` lacks the parts of the range without charges."""

    question: Question
    interval: str
    by_day: Mapping[date, ByCurrency]

    @property
    def total(self) -> dict[str, Decimal]:
        apart: dict[str, list[Decimal]] = {}
        for costs in self.by_day.values():
            for currency, amount in costs.items():
                apart.setdefault(currency, []).append(amount)
        return {currency: added(amounts) for currency, amounts in apart.items()}

    def to_json(self) -> dict[str, Any]:
        whole = self.total
        rows = [
            {"date": day.isoformat(), **_costs(self.by_day.get(day, {}), whole)}
            for day, _ in buckets(self.question.days, self.interval)
        ]
        return {**_costs(whole, whole), "breakdown": rows}

    def to_meta(self) -> dict[str, Any]:
        return {**self.question.to_json(), "interval": self.interval}


def _costs(found: ByCurrency, whole: ByCurrency) -> dict[str, Any]:
    """Where the range is in one currency, a part of it without charges is 0 in that one."""
    only = next(iter(whole)) if len(whole) == 1 else None
    cost = Amount(found.get(only, Decimal(0)), only).to_json() if only else None
    apart = [Amount(amount, currency).to_json() for currency, amount in sorted(found.items())]
    return {"cost": cost, "cost_by_currency": apart}


@dataclass(frozen=True, slots=True)
class Share:
    """What one value of a dimension cost, or several together: `values` says how many.

    `value` is None where it is absent, and where it is several. `previous` is what the same
    cost in as many days just before.
    """

    value: str | None
    amount: Decimal
    previous: Decimal
    values: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """The costs in one currency: the values that cost most, and all others together."""

    currency: str
    top: Sequence[Share]
    rest: Share | None

    def to_json(self) -> dict[str, Any]:
        every = [*self.top, *([self.rest] if self.rest else [])]
        amount = added(each.amount for each in every)
        previous = added(each.previous for each in every)
        rows = [{"value": each.value, **self._row(each, amount)} for each in self.top]
        return {
            "currency": self.currency,
            **self._row(Share(None, amount, previous), amount),
            "rows": rows,
            "rest": {"values": self.rest.values, **self._row(self.rest, amount)} if self.rest else None,
        }

    def _row(self, share: Share, whole: Decimal) -> dict[str, Any]:
        return {
            "cost": Amount(share.amount, self.currency).to_json(),
            "share": ratio(share.amount, whole),
            "previous_cost": Amount(share.previous, self.currency).to_json(),
            "change": ratio(share.amount - share.previous, share.previous),
        }


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Costs by the values of one dimension. `before` are the days that they are compared with."""

    question: Question
    dimension: str
    before: DateRange
    groups: Sequence[Group]

    def to_json(self) -> dict[str, Any]:
        return {"by_currency": [group.to_json() for group in self.groups]}

    def to_meta(self) -> dict[str, Any]:
        return {
            **self.question.to_json(),
            "dimension": self.dimension,
            "previous_start_date": self.before.start.isoformat(),
            "previous_end_date": self.before.end.isoformat(),
        }


def ratio(part: Decimal, whole: Decimal) -> float | None:
    """None where there is nothing above 0 to divide by."""
    return float(part / whole) if whole > 0 else None


class UnknownDimension(Exception):
    """Costs have no such dimension."""


class UnclearTag(Exception):
    """A tag to filter by lacks its key or its value."""
