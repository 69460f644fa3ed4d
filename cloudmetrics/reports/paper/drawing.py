"""From the results of a run to a PDF.

What users wrote reaches Typst as JSON, as texts that are shown: nothing of it is ever
read as Typst. It has no packages, no network and no files but those two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson
import typst

from cloudmetrics.analytics.metrics.ranges import buckets
from cloudmetrics.analytics.questions.dimensions import TIME
from cloudmetrics.reports.paper.numbers import (
    NONE,
    breakable,
    height_of,
    is_right_to_left,
    label_of,
    shortened,
    shown,
)
from cloudmetrics.reports.runs.models import Run

TEMPLATE = Path(__file__).with_name("report.typ")
# Rows of a table on paper; the others are in the CSV.
MOST_ROWS = 50
MOST_BARS = 10
MOST_COLUMNS = 8
MOST_LETTERS = 36

Rows = Sequence[Mapping[str, Any]]


class DrawingFailed(Exception):
    """Typst could not draw it, which would happen again."""


def draw(workspace: str, run: Run, sections: Sequence[Rows], counts: Sequence[int], now: datetime) -> bytes:
    """The PDF. `sections` have the first thousand rows of each, of `counts` in all.

    Raises DrawingFailed.
    """
    files = {
        "main.typ": TEMPLATE.read_bytes(),
        "report.json": orjson.dumps(_report(workspace, run, sections, counts, now)),
    }
    try:
        # Its types do not tell that it takes several files.
        return bytes(typst.compile(cast("Any", files), format="pdf", timestamp=now.replace(microsecond=0)))
    except RuntimeError as error:
        raise DrawingFailed("The report could not be drawn.") from error


def _report(
    workspace: str, run: Run, sections: Sequence[Rows], counts: Sequence[int], now: datetime
) -> dict[str, Any]:
    drawn_at = now.astimezone(ZoneInfo(run.timezone))
    return {
        "workspace": _text(workspace),
        "title": _text(run.name),
        "range": _days(run),
        "drawn": f"{drawn_at:%-d %B %Y, %H:%M} ({run.timezone})",
        "sections": [
            _section(run, section, rows, counts[number])
            for number, (section, rows) in enumerate(zip(run.sections, sections, strict=True))
        ],
    }


def _days(run: Run) -> str:
    start, end = run.days.start, run.days.end
    if start == end:
        return f"{end:%-d %B %Y}"
    beginning = f"{start:%-d %B}" if start.year == end.year else f"{start:%-d %B %Y}"
    return f"{beginning} – {end:%-d %B %Y}"


def _section(run: Run, section: Mapping[str, Any], rows: Rows, count: int) -> dict[str, Any]:
    question = section["question"]
    dimensions, metrics = question["dimensions"], question["metrics"]
    drawn: dict[str, Any] = {"title": _text(section["title"]), "kind": "empty", "left_out": ""}
    if not rows:
        return drawn
    if not dimensions:
        cards = [{"label": label_of(name), "value": shown(name, rows[0]["metrics"])} for name in metrics]
        return drawn | {"kind": "cards", "cards": cards}
    by_time = dimensions == [TIME]
    return drawn | {
        "kind": "line" if by_time else "bars",
        "chart": _line(run, question, rows) if by_time else _bars(rows, dimensions, metrics[0]),
        "head": [label_of(name) for name in [*dimensions, *metrics][:MOST_COLUMNS]],
        "texts": min(len(dimensions), MOST_COLUMNS),
        "rows": [_cells(row, dimensions, metrics) for row in rows[:MOST_ROWS]],
        "left_out": f"{count - MOST_ROWS:,}" if count > MOST_ROWS else "",
    }


def _cells(row: Mapping[str, Any], dimensions: Sequence[str], metrics: Sequence[str]) -> list[dict[str, Any]]:
    values = [_text(row["dimensions"][name]) for name in dimensions]
    numbers = [{"text": shown(name, row["metrics"]), "rtl": False} for name in metrics]
    return [*values, *numbers][:MOST_COLUMNS]


def _line(run: Run, question: Mapping[str, Any], rows: Rows) -> dict[str, Any]:
    """The first metric over the whole time, with 0 where there is no row."""
    metric = question["metrics"][0]
    found = {row["dimensions"][TIME]: height_of(metric, row["metrics"]) for row in rows}
    times = [
        day.isoformat() if hour is None else f"{day.isoformat()}T{hour:02}:00"
        for day, hour in buckets(run.days, question["interval"])
    ]
    heights = [found.get(time, 0.0) for time in times]
    top = _round_up(max(heights))
    marks = sorted({0, len(times) // 2, len(times) - 1})
    return {
        "label": label_of(metric),
        "heights": [max(0.0, height) / top for height in heights],
        "steps": [f"{top * part / 2:,.10g}" for part in range(3)],
        "marks": [{"at": mark / max(1, len(times) - 1), "text": times[mark]} for mark in marks],
    }


def _bars(rows: Rows, dimensions: Sequence[str], metric: str) -> dict[str, Any]:
    first = rows[:MOST_BARS]
    heights = [height_of(metric, row["metrics"]) for row in first]
    top = max([*heights, 0.0]) or 1.0
    return {
        "label": label_of(metric),
        "bars": [
            {
                **_name(row, dimensions),
                "length": max(0.0, height) / top,
                "value": shown(metric, row["metrics"]),
            }
            for row, height in zip(first, heights, strict=True)
        ],
    }


def _name(row: Mapping[str, Any], dimensions: Sequence[str]) -> dict[str, Any]:
    """What a bar is called, in one line."""
    name = " · ".join(row["dimensions"][each] or NONE for each in dimensions)
    return {"text": shortened(name, MOST_LETTERS), "rtl": is_right_to_left(name)}


def _text(text: str | None) -> dict[str, Any]:
    if text is None:
        return {"text": NONE, "rtl": False}
    return {"text": breakable(text), "rtl": is_right_to_left(text)}


def _round_up(value: float) -> float:
    """The next number that begins with 1, 2 or 5 and goes on with zeros; 1 at least for what is nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power * 1.000001)
