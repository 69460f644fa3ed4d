"""What is watched, what is asked of it, and what the answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from cloudmetrics.alerting.watching.windows import Period
from cloudmetrics.analytics.goals.conditions import Condition

COST_FILTERS = ("provider", "billing_account", "account", "service", "category", "region", "charge_category")


@dataclass(frozen=True, slots=True)
class MetricSource:
    """A metric of one website, or of all. `filter` is canonical JSON, so that equal sources are equal."""

    metric: str
    website_id: UUID | None = None
    filter: bytes | None = None
    goal: str | None = None
    goal_id: UUID | None = None

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> MetricSource:
        """From a body that fits the contract."""
        sieve = sent.get("filter")
        return cls(
            sent["metric"],
            UUID(sent["website_id"]) if sent.get("website_id") else None,
            orjson.dumps(sieve, option=orjson.OPT_SORT_KEYS) if sieve else None,
            sent.get("goal"),
            UUID(sent["goal_id"]) if sent.get("goal_id") else None,
        )


@dataclass(frozen=True, slots=True)
class CostSource:
    """What a part of the bills costs, in one currency. `filters` has dimensions with their values."""

    cost: str
    currency: str | None = None
    filters: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> CostSource:
        """From a condition that is completed."""
        filters = tuple((name, sent[name]) for name in COST_FILTERS if sent[name] is not None)
        return cls(sent["cost"], sent["currency"], filters, tuple(sent["tags"]))


@dataclass(frozen=True, slots=True)
class BudgetSource:
    """Which part of a budget a month has spent, or is expected to have spent at its end."""

    budget_id: UUID
    measure: str


Source = MetricSource | CostSource | BudgetSource


@dataclass(frozen=True, slots=True)
class Ask:
    """The value of a source in a period. Rules that ask the same get the same answer."""

    source: Source
    period: Period


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no value."""

    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}


NO_DATA = Problem("NO_DATA", "There is nothing to divide by, or to compare with.")
WEBSITE_DELETED = Problem("WEBSITE_DELETED", "The website was deleted.")
GOAL_DELETED = Problem("GOAL_DELETED", "The goal was deleted.")
BUDGET_DELETED = Problem("BUDGET_DELETED", "The budget was deleted.")
SEVERAL_CURRENCIES = Problem(
    "SEVERAL_CURRENCIES", "Amounts in several currencies are not added up. Name a website, or a currency."
)
TOO_SLOW = Problem("QUERY_TOO_SLOW", "The number takes too long to count. Watch a shorter window.")
UNAVAILABLE = Problem("EVALUATION_FAILED", "The number could not be counted this time.")

Value = float | Problem
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Website:
    """What windows need to know of a website. `first_day` is the first with an event."""

    zone: ZoneInfo
    first_day: date | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What values depend on besides the events: time zones, live websites, and goals of these."""

    zone: ZoneInfo
    websites: Mapping[UUID, Website]
    goals: Mapping[UUID, Condition]

    def zone_of(self, source: Source) -> ZoneInfo:
        """Whose days are meant: bills have those of UTC."""
        if not isinstance(source, MetricSource):
            return UTC
        website = self.websites.get(source.website_id) if source.website_id else None
        return website.zone if website else self.zone

    def first_day_of(self, source: Source) -> date | None:
        """The first day of which there is data, where it is known beforehand."""
        if not isinstance(source, MetricSource):
            return date.min
        if source.website_id is not None:
            website = self.websites.get(source.website_id)
            return website.first_day if website else None
        return min((each.first_day for each in self.websites.values() if each.first_day), default=None)
