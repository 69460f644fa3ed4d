"""Questions about a range of days, and their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency."""

    amount_minor: int
    currency: str

    def to_json(self) -> dict[str, Any]:
        return {"amount_minor": self.amount_minor, "currency": self.currency}


@dataclass(frozen=True, slots=True)
class DateRange:
    """Calendar days, both ends included."""

    start: date
    end: date

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(len(self)))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: None where nothing narrows it."""

    days: DateRange
    website_id: UUID | None = None
    source: str | None = None
    device: str | None = None
    goal: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "website_id": str(self.website_id) if self.website_id else None,
            "source": self.source,
            "device": self.device,
            "goal": self.goal,
        }


@dataclass(frozen=True, slots=True)
class Day:
    """The numbers of one day."""

    date: date
    visitors: int
    pageviews: int
    revenue: Money | None

    def to_json(self) -> dict[str, Any]:
        return {
            "date": self.date.isoformat(),
            "visitors": self.visitors,
            "pageviews": self.pageviews,
            "revenue": self.revenue.to_json() if self.revenue else None,
        }


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of a range.

    `revenue` is None where there is revenue in several currencies;
    `conversions` are visitors with the goal, None where no goal was asked for.
    """

    visitors: int
    pageviews: int
    events: int
    revenue: Money | None
    revenue_by_currency: list[Money]
    conversions: int | None
    breakdown: list[Day]

    @property
    def revenue_per_visitor(self) -> Money | None:
        """Rounded half up to a minor unit; None where there is nothing to divide, or by."""
        if self.revenue is None or self.visitors == 0:
            return None
        rounded = (2 * self.revenue.amount_minor + self.visitors) // (2 * self.visitors)
        return Money(rounded, self.revenue.currency)

    @property
    def conversion_rate(self) -> float | None:
        if self.conversions is None or self.visitors == 0:
            return None
        return self.conversions / self.visitors

    def to_json(self) -> dict[str, Any]:
        per_visitor = self.revenue_per_visitor
        return {
            "visitors": self.visitors,
            "pageviews": self.pageviews,
            "events": self.events,
            "revenue": self.revenue.to_json() if self.revenue else None,
            "revenue_by_currency": [money.to_json() for money in self.revenue_by_currency],
            "revenue_per_visitor": per_visitor.to_json() if per_visitor else None,
            "conversion_rate": self.conversion_rate,
            "breakdown": [day.to_json() for day in self.breakdown],
        }


class RangeInverted(Exception):
    """The range ends before it starts."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(f"The range ends on {end}, before it starts on {start}.")


class RangeTooLong(Exception):
    """The range has more days than are answered at once."""

    def __init__(self, length: int, most: int) -> None:
        super().__init__(f"The range has {length:,} days; ask for at most {most:,} at a time.")


class DateOutOfRange(Exception):
    """A date of a year that no calendar here has; `parameter` is the one that named it."""

    def __init__(self, text: str, parameter: str) -> None:
        super().__init__(f"{text} is outside of the years 1 to 9999.")
        self.parameter = parameter
