"""Visitors of a website, and their visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.platform.clock import iso


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
    deeds: Deeds

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "first_seen_at": iso(self.deeds.first_at),
            "last_seen_at": iso(self.deeds.last_at),
            **self.deeds.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Visit:
    """Events of a visitor with at most 30 minutes between them. What came with the first stands for all."""

    deeds: Deeds
    entry_url: str | None
    source: str | None
    device: str | None
    country: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "started_at": iso(self.deeds.first_at),
            "ended_at": iso(self.deeds.last_at),
            "seconds": (self.deeds.last_at - self.deeds.first_at).total_seconds(),
            **self.deeds.to_json(),
            "entry_url": self.entry_url,
            "source": self.source,
            "device": self.device,
            "country": self.country,
        }
