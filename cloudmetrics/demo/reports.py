"""The report of the demo: on Monday mornings, about the week before."""

from typing import Any

from cloudmetrics.reports.definitions.models import Section, Wish
from cloudmetrics.reports.periods import Period


def _section(title: str, *metrics: str, by: str | None = None, **more: Any) -> Section:
    usual = {"interval": "DAY", "order": [], "limit": 1000}
    return {
        "title": title,
        "question": {"metrics": [*metrics], "dimensions": [by] if by else []} | usual | more,
    }


WEEKLY = Wish(
    "Weekly traffic",
    Period.PREVIOUS_WEEK,
    [
        _section(
            "At a glance", "visitors", "visits", "pageviews", "revenue", "bounce_rate", "visit_duration"
        ),
        _section("Visitors by day", "visitors", "pageviews", "revenue", by="time"),
        _section(
            "Where they came from", "visitors", "revenue", "conversion_rate", by="source", goal="purchase"
        ),
        _section("What they looked at", "pageviews", "visitors", by="page"),
        _section("Which devices they used", "visitors", "bounce_rate", by="device"),
    ],
    "ACTIVE",
    "0 8 * * 1",
    None,
    [],
    "ATTACHMENT",
)
