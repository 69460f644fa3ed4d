"""Goals, and how often they were completed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.trash.models import shown
from cloudmetrics.analytics.dimensions import Dimension
from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.metrics.models import DateRange, Money
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that visitors of a website are wanted to do."""

    id: UUID
    website_id: UUID
    name: str
    condition: Condition
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @classmethod
    def from_row(cls, row: Row) -> Goal:
        minimum = row["minimum_revenue"]
        condition = Condition(
            Kind(row["kind"]),
            row["event_name"],
            row["path_pattern"],
            Money(minimum, row["minimum_currency"]) if minimum is not None else None,
        )
        names = ("id", "website_id", "name", "created_at", "updated_at", "deleted_at")
        return cls(condition=condition, **{name: row[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "website_id": str(self.website_id),
            "name": self.name,
            "condition": self.condition.to_json(),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
            **shown(self.deleted_at),
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """Completions of some time, and the visitors of that time, with a completion and in all."""

    visitors: int = 0
    converted_visitors: int = 0
    completions: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "visitors": self.visitors,
            "converted_visitors": self.converted_visitors,
            "completions": self.completions,
            "conversion_rate": self.converted_visitors / self.visitors if self.visitors else None,
        }


@dataclass(frozen=True, slots=True)
class Completions:
    """A goal's completions in a range of days. `by_day` lacks the days without events.

    `by_value` has the values of `dimension`, where one was asked for; None is an absent one.
    """

    goal: Goal
    days: DateRange
    total: Tally
    by_day: dict[date, Tally]
    dimension: Dimension | None = None
    by_value: list[tuple[str | None, Tally]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        breakdown = [
            {"date": day.isoformat(), **self.by_day.get(day, Tally()).to_json()} for day in self.days
        ]
        values = [{"value": value, **tally.to_json()} for value, tally in self.by_value]
        by_dimension = values if self.dimension else None
        return {**self.total.to_json(), "breakdown": breakdown, "by_dimension": by_dimension}

    def question(self) -> dict[str, Any]:
        return {
            "goal_id": str(self.goal.id),
            "website_id": str(self.goal.website_id),
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "dimension": self.dimension.value if self.dimension else None,
        }
