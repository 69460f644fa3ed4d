"""Costs from PostgreSQL: from what is added up already where that tells it, else day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.dimensions import ALL, OF_PARTS, OF_SERIES, is_added_up, tag_of
from cloudmetrics.costs.reports.models import ByCurrency, Group, Question, Share
from cloudmetrics.platform.database import HASHED, Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

REPORT_SECONDS = 10.0
# Right after an import PostgreSQL knows nothing of its rows yet, and would take them for few: it then
# compares each with each, or sorts them by the bill alone.
SETTINGS = (*HASHED, "SET LOCAL enable_mergejoin = off")
BUCKETS = {
    "DAY": "cell.day",
    "WEEK": "greatest(date_trunc('week', cell.day::timestamp)::date, %(first_day)s::date)",
    "MONTH": "greatest(date_trunc('month', cell.day::timestamp)::date, %(first_day)s::date)",
}


@dataclass
class Source:
    """Where a question is answered from: a FROM and WHERE, with the values that are bound in it."""

    sql: str
    currency: str
    values: dict[str, Any]
    # The dimension that its rows are added up by.
    added_up: str | None
    # What adds them up by the values of another one.
    by_value: str

    def value_of(self, dimension: str) -> str:
        """The value of a dimension in a row; '' where it is absent."""
        if dimension in OF_PARTS:
            return f"part.{dimension}"
        if self.added_up is not None:
            return "cell.value"
        return self._of_series(dimension)

    def narrow(self, dimension: str, value: str) -> None:
        name = f"filter_{len(self.values)}"
        self.sql += f"  AND {self.value_of(dimension)} = %({name})s\n"
        self.values[name] = value

    def _of_series(self, dimension: str) -> str:
        if dimension in OF_SERIES:
            return f"series.{dimension}"
        name = f"tag_{len(self.values)}"
        self.values[name] = tag_of(dimension)
        return f"coalesce(series.tags ->> %({name})s, '')"


def source_of(tenant: Tenant, question: Question, first_day: date, dimension: str | None = None) -> Source:
    """The cheapest source that tells a question, by a dimension where one is given."""
    used = {name for name in (*question.filters, *([dimension] if dimension else [])) if name not in OF_PARTS}
    only = next(iter(used), ALL)
    # Who has a tag is added up; who has none is not.
    untagged = tag_of(only) is not None and question.filters.get(only) == ""
    values = {
        "workspace_id": tenant.workspace_id,
        "first_day": first_day,
        "start_date": question.days.start,
        "end_date": question.days.end,
    }
    if len(used) <= 1 and is_added_up(only) and not untagged:
        source = Source(
            _from(queries.from_totals), "cell.currency", values | {"source": only}, only, queries.by_value
        )
    elif used == {dimension}:
        source = Source(
            _from(queries.from_series), "series.currency", values, None, queries.by_value_of_series
        )
    else:
        source = Source(_from(queries.from_days), "series.currency", values, None, queries.by_value)
    for name, value in question.filters.items():
        source.narrow(name, value)
    return source


def _from(text: str) -> str:
    filled: str = text.replace("{bills}", queries.bills)
    return f"{filled}\n"


async def by_day(tenant: Tenant, question: Question, interval: str) -> dict[date, ByCurrency]:
    """The costs of each part of the range in which there are charges, by its first day."""
    source = source_of(tenant, question, question.days.start)
    sql = _filled(queries.by_day, source, question, bucket=BUCKETS[interval])
    found: dict[date, dict[str, Decimal]] = {}
    for row in await _read(tenant, sql, source.values):
        found.setdefault(row["day"], {})[row["currency"]] = row["amount"]
    return dict(found)


async def by_value(
    tenant: Tenant, question: Question, dimension: str, before: DateRange, top: int
) -> list[Group]:
    """The values that cost most, in each currency, and what the others cost together."""
    source = source_of(tenant, question, before.start, dimension)
    body = _filled(source.by_value, source, question, value=source.value_of(dimension))
    values = source.values
    if tag_of(dimension) is not None and source.added_up is not None:
        body, values = _with_untagged(tenant, question, dimension, before, body, values)
    sql = queries.top.replace("{by_value}", body)
    rows = await _read(tenant, sql, values | {"top": top})
    groups: dict[str, tuple[list[Share], list[Share]]] = {}
    for row in rows:
        tops, rests = groups.setdefault(row["currency"], ([], []))
        share = Share(row["value"] or None, row["amount"], row["previous"], row["values"])
        (rests if row["rank"] is None else tops).append(share)
    return [Group(currency, tops, next(iter(rests), None)) for currency, (tops, rests) in groups.items()]


def _with_untagged(
    tenant: Tenant, question: Question, dimension: str, before: DateRange, tagged: str, values: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    whole = source_of(tenant, question, before.start)
    every = _filled(queries.by_value, whole, question, value="''").replace("%(source)s", "%(whole)s")
    body = queries.with_untagged.replace("{all}", every).replace("{tagged}", tagged)
    return body, values | whole.values | {"whole": ALL, "source": dimension}


async def known_days(tenant: Tenant, question: Question) -> DateRange | None:
    """From the first day with charges to the last one, within the days of a question."""
    source = source_of(tenant, question, question.days.start)
    sql = queries.known_until.replace("{source}", source.sql)
    (row,) = await _read(tenant, sql, source.values)
    return DateRange(row["first"], row["last"]) if row["first"] else None


async def _read(tenant: Tenant, sql: str, values: dict[str, Any]) -> list[Row]:
    return await tenant.read(sql, values, seconds=REPORT_SECONDS, settings=SETTINGS)


def _filled(statement: str, source: Source, question: Question, **parts: str) -> str:
    """A statement with its parts, all of which are texts of ours."""
    parts |= {"source": source.sql, "currency": source.currency, "cost": f"cell.{question.cost.column}"}
    for name, text in parts.items():
        statement = statement.replace(f"{{{name}}}", text)
    return statement
