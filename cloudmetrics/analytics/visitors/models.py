"""Visitors of a website, and their visits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class VisitorFilter:
    """Who is wanted: those with a day that fits in all but the last, and who earned at least that.

    `minimum_revenue` is in minor units of the website's currency, of all that a visitor ever
    earned. None where nothing narrows it.
    """

    start: date | None = None
    end: date | None = None
    first_touch: FirstTouch = field(default_factory=FirstTouch)
    event_name: str | None = None
    minimum_revenue: int | None = None

    def to_sql(self) -> dict[str, Any]:
        return {
            "start_date": self.start,
            "end_date": self.end,
            "event_name": self.event_name,
            "minimum_revenue": self.minimum_revenue,
            **asdict(self.first_touch),
        }


@dataclass(frozen=True, slots=True)
class Deeds:
    """What somebody did in some time, from their first event to their last."""

    first_at: datetime
    last_at: datetime
    pageviews: int
    events: int
    revenue: Money

    def to_json(self) -> dict[str, Any]:
        return {
            "pageviews": self.pageviews,
            "events": self.events,
            "revenue": self.revenue.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was seen on a website."""

    id: str
    visits: int
    deeds: Deeds

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "first_seen_at": iso(self.deeds.first_at),
            "last_seen_at": iso(self.deeds.last_at),
            "visits": self.visits,
            **self.deeds.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Visit:
    """Events of a visitor with at most 30 minutes between them. What came with the first stands for all."""

    deeds: Deeds
    entry_url: str | None
    entry_page: str | None
    exit_page: str | None
    first_touch: FirstTouch

    def to_json(self) -> dict[str, Any]:
        return {
            "started_at": iso(self.deeds.first_at),
            "ended_at": iso(self.deeds.last_at),
            "seconds": (self.deeds.last_at - self.deeds.first_at).total_seconds(),
            **self.deeds.to_json(),
            "entry_url": self.entry_url,
            "entry_page": self.entry_page,
            "exit_page": self.exit_page,
            **self.first_touch.to_json(),
        }


@dataclass(frozen=True, slots=True)
class VisitorDay:
    """A day of a visitor, in the website's time zone, written as PostgreSQL writes it.

    An empty dimension is an absent one.
    """

    day: str
    first_touch: FirstTouch
    visits: int
    pageviews: int
    events: int
    revenue: Money

    def to_json(self) -> dict[str, Any]:
        return {
            "date": self.day,
            "visits": self.visits,
            "pageviews": self.pageviews,
            "events": self.events,
            "revenue": self.revenue.to_json(),
            **self.first_touch.to_json(),
        }
