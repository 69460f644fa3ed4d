"""Events as they are stored, and what narrows a list of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event, and when it was received. `revenue_minor` is in minor units of `currency`, the website's."""

    id: str
    name: str
    occurred_at: datetime
    received_at: datetime
    website_id: UUID
    visitor_id: str
    url: str | None
    page: str | None
    referrer: str | None
    source: str | None
    medium: str | None
    campaign: str | None
    device: str | None
    browser: str | None
    system: str | None
    country: str | None
    revenue_minor: int | None
    currency: str
    properties: dict[str, Any] | None

    @property
    def revenue(self) -> Money | None:
        return Money(self.revenue_minor, self.currency) if self.revenue_minor is not None else None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "timestamp": iso(self.occurred_at),
            "received_at": iso(self.received_at),
            "website_id": str(self.website_id),
            "visitor_id": self.visitor_id,
            "url": self.url,
            "page": self.page,
            "referrer": self.referrer,
            "source": self.source,
            "medium": self.medium,
            "campaign": self.campaign,
            "device": self.device,
            "browser": self.browser,
            "system": self.system,
            "country": self.country,
            "revenue": self.revenue.to_json() if self.revenue else None,
            "properties": self.properties,
        }


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Of which website and time events are exported. `start` is included, `end` is not."""

    website_id: UUID
    start: datetime | None = None
    end: datetime | None = None


class PeriodInverted(Exception):
    """The period ends before it starts, or when it does."""

    def __init__(self) -> None:
        super().__init__("The period must end after it starts.")


class MomentOutOfRange(Exception):
    """A moment of a year that cannot be stored; `parameter` is the one that named it."""

    def __init__(self, text: str, parameter: str) -> None:
        super().__init__(f"{text} is outside of the years 1 to 9999.")
        self.parameter = parameter
