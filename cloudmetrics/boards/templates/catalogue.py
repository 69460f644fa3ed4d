"""The templates. Most of their widgets are answered by rollups, so that they open at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudmetrics.boards.widgets.grid import Box
from cloudmetrics.boards.widgets.models import Draft


@dataclass(frozen=True, slots=True)
class Template:
    """A dashboard that is ready but for its name and website."""

    id: str
    name: str
    description: str
    drafts: tuple[Draft, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "widgets": [draft.to_json() for draft in self.drafts],
        }


def _widget(kind: str, title: str, place: tuple[int, int, int, int], *metrics: str, **more: Any) -> Draft:
    """A widget that asks for metrics. `compare` is beside its question, all else within."""
    compare = {"compare": more.pop("compare")} if "compare" in more else {}
    query = {"metrics": list(metrics), **more}
    draft = Draft.from_json({"kind": kind, "title": title, "query": query, **compare})
    return Draft(draft.kind, draft.title, draft.content, Box(*place))


def _number(title: str, x: int, *metrics: str, **more: Any) -> Draft:
    """One of the four numbers in the first row."""
    return _widget("NUMBER", title, (x, 0, 3, 2), *metrics, compare="PREVIOUS_PERIOD", **more)


def _bars(title: str, x: int, y: int, dimension: str, *metrics: str, **more: Any) -> Draft:
    """The ten largest values of a dimension, on half of the width."""
    return _widget("BAR", title, (x, y, 6, 4), *metrics, dimensions=[dimension], limit=10, **more)


def _days(title: str, y: int, *metrics: str, **more: Any) -> Draft:
    """Day by day, on the whole width."""
    return _widget("TIME_SERIES", title, (0, y, 12, 4), *metrics, dimensions=["time"], limit=1000, **more)


WEB_OVERVIEW = Template(
    "WEB_OVERVIEW",
    "Web overview",
    "How many come, from where, to which pages, and with what.",
    (
        _number("Visitors", 0, "visitors"),
        _number("Page views", 3, "pageviews"),
        _number("Bounce rate", 6, "bounce_rate"),
        _number("Visit duration", 9, "visit_duration"),
        _days("Visitors and page views by day", 2, "visitors", "pageviews"),
        _bars("Sources", 0, 6, "source", "visitors"),
        _bars("Pages", 6, 6, "page", "pageviews"),
        _bars("Countries", 0, 10, "country", "visitors"),
        _bars("Devices", 6, 10, "device", "visitors"),
        _bars("Browsers", 0, 14, "browser", "visitors"),
        _bars("Systems", 6, 14, "system", "visitors"),
        _bars("Campaigns", 0, 18, "campaign", "visitors", "visits"),
    ),
)
REVENUE = Template(
    "REVENUE",
    "Revenue",
    "What was earned, by whom it was brought, and how that develops.",
    (
        _number("Revenue", 0, "revenue"),
        _number("Revenue per visitor", 3, "revenue_per_visitor"),
        _number("Visitors who buy", 6, "conversion_rate", goal="purchase"),
        _number("Visitors", 9, "visitors"),
        _days("Revenue by day", 2, "revenue"),
        # Websites may earn in several currencies, and what cannot be compared cannot be sorted.
        _bars("Visitors and revenue by source", 0, 6, "source", "visitors", "revenue"),
        _bars("Visitors and revenue by campaign", 6, 6, "campaign", "visitors", "revenue"),
        _bars("Visitors and revenue by country", 0, 10, "country", "visitors", "revenue"),
        _bars("Visitors and revenue by device", 6, 10, "device", "visitors", "revenue"),
    ),
)
MARKETING = Template(
    "MARKETING",
    "Marketing",
    "Which sources, media and campaigns bring visitors, and what these visitors are worth.",
    (
        _number("Visitors", 0, "visitors"),
        _number("Visits", 3, "visits"),
        _number("Bounce rate", 6, "bounce_rate"),
        _number("Revenue per visitor", 9, "revenue_per_visitor"),
        _days("Visits by day", 2, "visits", "visitors"),
        _bars("Media", 0, 6, "medium", "visitors", "bounce_rate"),
        _bars("Sources", 6, 6, "source", "visitors", "bounce_rate"),
        _widget(
            "TABLE",
            "Campaigns",
            (0, 10, 12, 5),
            "visitors",
            "visits",
            "bounce_rate",
            "revenue",
            "revenue_per_visitor",
            dimensions=["campaign"],
            limit=20,
        ),
        _bars("Landing pages", 0, 15, "entry_page", "visits", "bounce_rate"),
    ),
)
CONTENT = Template(
    "CONTENT",
    "Content",
    "Which pages are read, where visits begin, and where they end.",
    (
        _number("Page views", 0, "pageviews"),
        _number("Page views per visit", 3, "views_per_visit"),
        _number("Visit duration", 6, "visit_duration"),
        _number("Bounce rate", 9, "bounce_rate"),
        _days("Page views by day", 2, "pageviews"),
        _bars("Pages", 0, 6, "page", "pageviews"),
        _bars("Where visits begin", 6, 6, "entry_page", "visits", "bounce_rate"),
        _bars("Where visits end", 0, 10, "exit_page", "visits"),
    ),
)
TEMPLATES: Mapping[str, Template] = {each.id: each for each in (WEB_OVERVIEW, REVENUE, MARKETING, CONTENT)}
