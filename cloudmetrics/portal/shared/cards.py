"""From what a dashboard shows to what a page can draw without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cloudmetrics.boards.showing.models import Failure, Shown
from cloudmetrics.boards.widgets.models import Kind
from cloudmetrics.costs.money import minor_digits

NOTHING = "–"
PERCENT = ("bounce_rate", "conversion_rate")
# The box that lines are drawn in, in units of its own.
WIDTH, HEIGHT = 600, 120


@dataclass(frozen=True, slots=True)
class Number:
    name: str
    value: str
    change: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A metric as time goes by. `points` are those of an SVG polyline in a box of WIDTH by HEIGHT."""

    name: str
    points: str
    largest: str


@dataclass(frozen=True, slots=True)
class Card:
    """A widget, ready to be drawn. Each row has its cells, and how long its bar is, in percent."""

    title: str
    width: int
    text: str | None = None
    failure: str | None = None
    days: str | None = None
    numbers: list[Number] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[tuple[list[str], float]] = field(default_factory=list)


def card_of(shown: Shown) -> Card:
    widget, answer = shown.widget, shown.answer
    title, width = widget.title, widget.box.width
    if isinstance(answer, Failure):
        return Card(title, width, failure=str(answer.error))
    if answer["kind"] == "TEXT":
        return Card(title, width, text=answer["text"])
    days = f"{answer['start_date']} – {answer['end_date']}"
    if answer["kind"] == "FUNNEL":
        return Card(title, width, days=days, head=["Step", "Visitors"], rows=_steps(answer["steps"]))
    rows: Sequence[Mapping[str, Any]] = answer["rows"]
    query = widget.content["query"]
    if widget.kind is Kind.NUMBER:
        return Card(title, width, days=days, numbers=_numbers(query, answer))
    if widget.kind is Kind.TIME_SERIES and len(query["dimensions"]) == 1:
        return Card(title, width, days=days, lines=[_line(name, rows) for name in query["metrics"]])
    head = [spoken(name) for name in (*query["dimensions"], *query["metrics"])]
    return Card(title, width, days=days, head=head, rows=_rows(query, rows))


def _numbers(query: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Number]:
    metrics = answer["rows"][0]["metrics"]
    changes = answer["comparison"]["change"] if answer["comparison"] else {}
    return [
        Number(spoken(name), written(name, metrics[name]), _change(changes.get(name)))
        for name in query["metrics"]
    ]


def _line(name: str, rows: Sequence[Mapping[str, Any]]) -> Line:
    values = [_size(row["metrics"][name]) for row in rows]
    largest = max(values, default=0.0)
    step = WIDTH / max(1, len(values) - 1)
    scale = HEIGHT / largest if largest > 0 else 0.0
    points = " ".join(
        f"{number * step:.1f},{HEIGHT - max(0.0, value) * scale:.1f}" for number, value in enumerate(values)
    )
    peak = max(rows, key=lambda row: _size(row["metrics"][name]), default=None)
    return Line(spoken(name), points, written(name, peak["metrics"][name]) if peak else NOTHING)


def _rows(query: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], float]]:
    first = query["metrics"][0]
    largest = max((_size(row["metrics"][first]) for row in rows), default=0.0)
    return [
        (
            [
                *(row["dimensions"][name] or NOTHING for name in query["dimensions"]),
                *(written(name, row["metrics"][name]) for name in query["metrics"]),
            ],
            _share(_size(row["metrics"][first]), largest),
        )
        for row in rows
    ]


def _steps(steps: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], float]]:
    first = steps[0]["visitors"]
    return [
        (
            [
                step["condition"].get("event_name") or step["condition"]["path_pattern"],
                f"{step['visitors']:,}",
            ],
            _share(step["visitors"], first),
        )
        for step in steps
    ]


def _share(part: float, whole: float) -> float:
    return round(100 * max(0.0, part) / whole, 1) if whole > 0 else 0.0


def _size(value: Any) -> float:
    """How much it is, to be compared with others of its kind."""
    if isinstance(value, Mapping):
        value = value["amount_minor"]
    return float(value or 0)


def _change(part: float | None) -> str | None:
    return None if part is None else f"{part:+.1%}"


def spoken(name: str) -> str:
    """The name of a metric or a dimension, as one says it: `Bounce rate`."""
    return name.removeprefix("properties.").replace("_", " ").capitalize()


def written(name: str, value: Any) -> str:
    """A number in the way that people write its kind."""
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        digits = minor_digits(value["currency"])
        return f"{value['amount_minor'] / 10**digits:,.{digits}f} {value['currency']}"
    if name in PERCENT:
        return f"{value:.1%}"
    if name == "visit_duration":
        return str(timedelta(seconds=round(value)))
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
