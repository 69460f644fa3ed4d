"""Questions put to PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.questions.composing import Statement
from cloudmetrics.analytics.questions.models import Numbers, Row
from cloudmetrics.analytics.questions.planner import Work
from cloudmetrics.platform import streaming
from cloudmetrics.platform.database import COVERED, HEAVY, Tenant, Transaction
from cloudmetrics.platform.database import Row as Record
from cloudmetrics.platform.errors import QueryTooSlow
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# How long a question may take, and how long it may be looked whether anybody ever had a property.
QUESTION_SECONDS = 10.0
PROPERTY_SECONDS = 2.0
# Nobody waits for a report.
STREAM_SECONDS = 60.0
SETTINGS: Mapping[Work, Sequence[str]] = {Work.LIGHT: (), Work.COVERED: COVERED, Work.HEAVY: HEAVY}
COUNTS = ("visitors", "conversions", "events", "pageviews", "visits", "bounces", "visit_us")


async def run(tenant: Tenant, statement: Statement, *, seconds: float | None = None) -> list[Record]:
    """The rows of a statement, within the time of a question unless told otherwise. Raises QueryTooSlow."""
    limit = QUESTION_SECONDS if seconds is None else seconds
    return await tenant.read(
        statement.sql, statement.parameters, seconds=limit, settings=_settings(statement)
    )


def stream(transaction: Transaction, statement: Statement, at_once: int) -> AsyncIterator[list[Record]]:
    """The rows of a statement in pages, as `platform.streaming` gives them. Raises QueryTooSlow."""
    return streaming.stream(
        transaction,
        statement.sql,
        statement.parameters,
        at_once=at_once,
        seconds=STREAM_SECONDS,
        settings=_settings(statement),
    )


async def estimate(tenant: Tenant, statement: Statement) -> dict[str, int]:
    """Table → about how many of its rows PostgreSQL would read for a statement, which is not run."""
    explained = await tenant.read(
        f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.parameters, settings=_settings(statement)
    )
    rows: dict[str, float] = {}
    for table, number in _read(explained[0]["QUERY PLAN"][0]["Plan"], 1.0):
        rows[table] = rows.get(table, 0.0) + number
    return {table: round(number) for table, number in rows.items()}


def _settings(statement: Statement) -> Sequence[str]:
    return SETTINGS[statement.work]


def _read(node: Mapping[str, Any], times: float) -> Iterator[tuple[str, float]]:
    """Tables and rows of one node of PostgreSQL's plan, which is run as often as `times` says."""
    if "Relation Name" in node:
        yield node["Relation Name"], times * node["Plan Rows"]
    children = node.get("Plans", ())
    for number, child in enumerate(children):
        nested = node["Node Type"] == "Nested Loop" and number == 1
        yield from _read(child, times * max(1.0, children[0]["Plan Rows"]) if nested else times)


async def has_property(tenant: Tenant, website_id: UUID | None, name: str) -> bool:
    """Whether any event ever had the property; true where that takes too long to find out."""
    parameters = {"workspace_id": tenant.workspace_id, "website_id": website_id, "name": name}
    try:
        rows = await tenant.read(queries.has_property, parameters, seconds=PROPERTY_SECONDS)
    except QueryTooSlow:
        return True
    return bool(rows[0]["found"])


def to_row(record: Record, width: int) -> Row:
    """A row of a statement with `width` dimensions."""
    money: Mapping[str, int] = record["revenue_by_currency"] or {}
    counts = {name: record[name] or 0 for name in COUNTS}
    values = tuple(record[f"d{number}"] or None for number in range(width))
    return Row(values, Numbers(**counts, revenue=money))
