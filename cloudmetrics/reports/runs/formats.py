"""The results of a run as JSON and as CSV, in pieces, however many rows there are."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import orjson

from cloudmetrics.reports.runs.models import Run

Rows = AsyncIterator[list[dict[str, Any]]]

# A spreadsheet takes a text that begins like this for a formula; some take the wide signs of East Asia too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MONEY = ("revenue", "revenue_per_visitor")


async def json_of(run: Run, sections: Sequence[Rows]) -> AsyncIterator[bytes]:
    """The run with all rows of each section."""
    yield b'{"data":{"run":' + orjson.dumps(run.to_json()) + b',"sections":['
    for number, (section, pages) in enumerate(zip(run.sections, sections, strict=True)):
        head = orjson.dumps({"title": section["title"], "question": section["question"]})
        yield (b"," if number else b"") + head[:-1] + b',"rows":['
        begun = False
        async for rows in pages:
            yield (b"," if begun else b"") + orjson.dumps(rows)[1:-1]
            begun = True
        yield b"]}"
    yield b']},"meta":{}}'


async def csv_of(question: Mapping[str, Any], pages: Rows) -> AsyncIterator[bytes]:
    """A line of names, then a line per row, as RFC 4180 has it, in UTF-8.

    Money takes two columns, minor units and currency; with revenue there is a third, for
    where it comes in several currencies. A text that a spreadsheet would
    take for a formula gets an apostrophe before it.
    """
    yield _lines([[_safe(name) for name in _columns(question)]])
    async for rows in pages:
        yield _lines(_cells(question, row) for row in rows)


def _columns(question: Mapping[str, Any]) -> Iterator[str]:
    yield from question["dimensions"]
    for metric in question["metrics"]:
        if metric in MONEY:
            yield f"{metric}_amount_minor"
            yield f"{metric}_currency"
            if metric == "revenue":
                yield "revenue_by_currency"
        else:
            yield metric


def _cells(question: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[Any]:
    for name in question["dimensions"]:
        yield _safe(row["dimensions"][name])
    for metric in question["metrics"]:
        value = row["metrics"][metric]
        if metric in MONEY:
            yield value["amount_minor"] if value else None
            yield value["currency"] if value else None
            if metric == "revenue":
                each = row["metrics"]["revenue_by_currency"]
                yield "; ".join(f"{money['amount_minor']} {money['currency']}" for money in each)
        else:
            yield value


def _safe(text: str | None) -> str | None:
    return f"'{text}" if text is not None and text.startswith(FORMULA) else text


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
