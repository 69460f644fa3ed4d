"""Questions about revenue, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudmetrics.analytics.metrics.models import DateRange, Money
from cloudmetrics.analytics.questions.models import per_visitor
from cloudmetrics.analytics.websites.models import Website


class RevenueDimension(StrEnum):
    """What revenue is told apart by: a first touch, the page it was earned on, or the goal it completed."""

    SOURCE = "source"
    MEDIUM = "medium"
    CAMPAIGN = "campaign"
    DEVICE = "device"
    BROWSER = "browser"
    SYSTEM = "system"
    COUNTRY = "country"
    PAGE = "page"
    GOAL = "goal"


@dataclass(frozen=True, slots=True)
class RevenueQuestion:
    """Of which days of which website, told apart by what."""

    website: Website
    days: DateRange
    dimension: RevenueDimension

    def to_json(self) -> dict[str, Any]:
        return {
            "website_id": str(self.website.id),
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "dimension": self.dimension.value,
        }


@dataclass(frozen=True, slots=True)
class RevenueRow:
    """What one value of the dimension earned. `key` tells it apart, `value` is what is shown of it."""

    key: str
    value: str | None
    sales: int
    revenue: Money
    visitors: int

    def to_json(self) -> dict[str, Any]:
        average = per_visitor(self.revenue, self.visitors)
        return {
            "value": self.value,
            "sales": self.sales,
            "revenue": self.revenue.to_json(),
            "visitors": self.visitors,
            "revenue_per_visitor": average.to_json() if average else None,
        }
