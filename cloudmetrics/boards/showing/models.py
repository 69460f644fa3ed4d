"""What a widget shows, and a dashboard as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.answering import change_of
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.boards.dashboards.models import Dashboard
from cloudmetrics.boards.widgets.models import Widget

# JSON objects as the contract describes them: `kind` says which.
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a widget has no answer; the gateway writes it as a problem."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Shown:
    """A widget, and its answer or why there is none."""

    widget: Widget
    answer: Answer | Failure


@dataclass(frozen=True, slots=True)
class View:
    """A dashboard as somebody sees it at one moment."""

    dashboard: Dashboard
    widgets: list[Shown]


def rows_answer(
    days: DateRange, website_id: UUID | None, rows: list[dict[str, Any]], comparison: dict[str, Any] | None
) -> Answer:
    return {"kind": "ROWS", **_about(days, website_id), "rows": rows, "comparison": comparison}


def funnel_answer(days: DateRange, website_id: UUID, steps: list[dict[str, Any]]) -> Answer:
    return {"kind": "FUNNEL", **_about(days, website_id), "steps": steps}


def text_answer(text: str) -> Answer:
    return {"kind": "TEXT", "text": text}


def comparison(
    days: DateRange, metrics: Sequence[str], then: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """The metrics of earlier days, and by what part each has changed since."""
    return {
        "start_date": days.start.isoformat(),
        "end_date": days.end.isoformat(),
        "metrics": then,
        "change": {name: change_of(then[name], now[name]) for name in metrics},
    }


def _about(days: DateRange, website_id: UUID | None) -> dict[str, Any]:
    return {
        "website_id": str(website_id) if website_id else None,
        "start_date": days.start.isoformat(),
        "end_date": days.end.isoformat(),
    }
