"""Questions, and the numbers that answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.metrics.models import DateRange, Money
from cloudmetrics.analytics.questions.dimensions import TIME, Interval
from cloudmetrics.analytics.questions.filters import Filter


class Measure(StrEnum):
    """What is counted; metrics are made of it."""

    VISITORS = "visitors"
    CONVERSIONS = "conversions"
    EVENTS = "events"
    PAGEVIEWS = "pageviews"
    REVENUE = "revenue"
    VISITS = "visits"


METRICS: Mapping[str, frozenset[Measure]] = {
    "visitors": frozenset({Measure.VISITORS}),
    "visits": frozenset({Measure.VISITS}),
    "pageviews": frozenset({Measure.PAGEVIEWS}),
    "events": frozenset({Measure.EVENTS}),
    "views_per_visit": frozenset({Measure.PAGEVIEWS, Measure.VISITS}),
    "bounce_rate": frozenset({Measure.VISITS}),
    "visit_duration": frozenset({Measure.VISITS}),
    "revenue": frozenset({Measure.REVENUE}),
    "revenue_per_visitor": frozenset({Measure.REVENUE, Measure.VISITORS}),
    "conversion_rate": frozenset({Measure.CONVERSIONS, Measure.VISITORS}),
}


# What is divided by what, and by how much more to come to the unit of the metric.
RATIOS: Mapping[str, tuple[str, str, int]] = {
    "views_per_visit": ("pageviews", "visits", 1),
    "bounce_rate": ("bounces", "visits", 1),
    "visit_duration": ("visit_us", "visits", 1_000_000),
    "conversion_rate": ("conversions", "visitors", 1),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The time from one moment up to, but not including, another."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """By a metric or a dimension of the question."""

    by: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the numbers of some days.

    `website_id` is None for all websites. `interval` matters only where `time` is
    a dimension. `goal` is what counts as a conversion. With `in_spans` it is asked
    of spans of time rather than of days, which `compose_spans` is given.
    """

    days: DateRange
    metrics: tuple[str, ...]
    website_id: UUID | None = None
    dimensions: tuple[str, ...] = ()
    interval: Interval = Interval.DAY
    filter: Filter | None = None
    goal: Condition | None = None
    order: tuple[Order, ...] = ()
    in_spans: bool = False

    @property
    def measures(self) -> frozenset[Measure]:
        return frozenset[Measure]().union(*(METRICS[name] for name in self.metrics))

    @property
    def full_order(self) -> tuple[Order, ...]:
        """An order in which no two rows are level.

        What was not asked for goes by time, oldest first, or else by the first
        metric, largest first, and then by the dimensions.
        """
        order = self.order
        if not order and TIME in self.dimensions:
            order = (Order(TIME, descending=False),)
        elif not order:
            order = (Order(self.metrics[0], descending=True),)
        named = {each.by for each in order}
        return order + tuple(Order(name, descending=False) for name in self.dimensions if name not in named)


ADDITIVE = ("events", "pageviews", "visits", "bounces", "visit_us")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was counted for one row. Money is by currency; what was not counted is 0."""

    visitors: int = 0
    conversions: int = 0
    events: int = 0
    pageviews: int = 0
    visits: int = 0
    bounces: int = 0
    visit_us: int = 0
    revenue: Mapping[str, int] = field(default_factory=dict)

    def metric(self, name: str, currency: str | None) -> int | float | Money | None:
        """A metric by its name. `currency` is what money is in where nothing was earned."""
        if name == "revenue":
            return self.money(currency)
        if name == "revenue_per_visitor":
            return per_visitor(self.money(currency), self.visitors)
        if name in RATIOS:
            part, whole, unit = RATIOS[name]
            return getattr(self, part) / getattr(self, whole) / unit if getattr(self, whole) else None
        count: int = getattr(self, name)
        return count

    def money(self, currency: str | None) -> Money | None:
        """The revenue where it is in one currency; `currency` where there is none."""
        if len(self.revenue) > 1:
            return None
        for earned, amount in self.revenue.items():
            return Money(amount, earned)
        return Money(0, currency) if currency else None

    def by_currency(self) -> list[Money]:
        return [Money(amount, currency) for currency, amount in sorted(self.revenue.items())]


def added_up(parts: Iterable[Numbers], visitors: int, conversions: int) -> Numbers:
    """The numbers of parts that have no event in common, whose visitors overlap."""
    counts: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    for part in parts:
        counts.update({name: getattr(part, name) for name in ADDITIVE})
        revenue.update(part.revenue)
    return Numbers(visitors, conversions, revenue=dict(revenue), **counts)


def per_visitor(revenue: Money | None, visitors: int) -> Money | None:
    """Rounded half up to a minor unit; None where there is nothing to divide, or by."""
    if revenue is None or visitors == 0:
        return None
    return Money(floor(Fraction(revenue.amount_minor, visitors) + Fraction(1, 2)), revenue.currency)


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one value of each dimension; None is a value that is absent or empty."""

    values: tuple[str | None, ...]
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in a question that makes no sense; `pointer` leads to it in the body."""

    code: str
    message: str
    pointer: str


class QuestionUnsound(Exception):
    """A question that makes no sense, with all reasons."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(
            f"{len(faults)} things in the question make no sense." if faults[1:] else faults[0].message
        )


def json_of(value: float | Money | None) -> Any:
    return value.to_json() if isinstance(value, Money) else value
