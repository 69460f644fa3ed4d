"""From a widget on its dashboard to the question that it asks today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.ranges import RangeName, resolve


@dataclass(frozen=True, slots=True)
class Override:
    """What whoever looks at a dashboard wants instead of all that is set; None where nothing."""

    website_id: UUID | None = None
    range: RangeName | None = None
    days: DateRange | None = None


NOTHING = Override()


def website_of(query: Mapping[str, Any], settings: Settings, override: Override = NOTHING) -> UUID | None:
    """The website that a question is about, or None for all of them."""
    if override.website_id is not None:
        return override.website_id
    return UUID(query["website_id"]) if query.get("website_id") else settings.website_id


def days_of(own: str | None, settings: Settings, today: date, override: Override = NOTHING) -> DateRange:
    """The days that are shown. `own` is the name of a range that the widget has."""
    if override.days is not None:
        return override.days
    return resolve(override.range or (RangeName(own) if own else settings.range), today)


def body_of(query: Mapping[str, Any], website_id: UUID | None, days: DateRange) -> dict[str, Any]:
    """The body of query-metrics that asks the same."""
    asked = {name: value for name, value in query.items() if name != "range" and value is not None}
    asked |= {"start_date": days.start.isoformat(), "end_date": days.end.isoformat(), "dry_run": False}
    return asked | ({"website_id": str(website_id)} if website_id else {})
