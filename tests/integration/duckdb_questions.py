"""Questions and the numbers of the present moment, counted by DuckDB from the raw events."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.duckdb_recounts import FIRST_TOUCH, Recount

OPERATORS = {
    "IS": "touch.{name} = ?",
    "IS_NOT": "touch.{name} <> ?",
    "CONTAINS": "contains(touch.{name}, ?)",
    "IN": "list_contains(?, touch.{name})",
}


def ask(right: Recount, question: dict) -> dict[tuple, dict]:
    """The metrics of each row by the values of its dimensions.

    Where events tell the dimensions apart, a visit belongs to each row that one of
    its events is in; else to that of the first touch of the day on which it began.
    """
    by_event = bool({"page", "event_name"} & set(question["dimensions"]))
    columns = [_column(name) for name in question["dimensions"]]
    wanted, values = _conditions(question)
    right.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE asked AS SELECT numbered.*, [{', '.join(columns)}] AS key"
        f" FROM numbered JOIN touch USING (site, visitor, day) WHERE {wanted}",
        values,
    )
    visits = "SELECT DISTINCT key, site, visitor, visit FROM asked"
    if not by_event:
        visits = (
            f"SELECT [{', '.join(columns)}] AS key, site, visitor, visit"
            f" FROM visit AS numbered JOIN touch USING (site, visitor, day) WHERE {wanted}"
        )
    rows: dict[tuple, dict] = defaultdict(dict)
    if not columns:
        rows[()] = dict.fromkeys(("visitors", "events", "pageviews", "visits"), 0)
    for key, *numbers in right.rows(
        "SELECT key, count(DISTINCT (site, visitor)), count(*), count(*) FILTER (name = 'pageview'),"
        " count(DISTINCT (site, visitor)) FILTER ((site, visitor, day) IN"
        " (SELECT (site, visitor, day) FROM event WHERE name = ?)) FROM asked GROUP BY key",
        question["goal"],
    ):
        visitors, events, pageviews, converted = numbers
        rows[_key(key)] |= {"visitors": visitors, "events": events, "pageviews": pageviews}
        rows[_key(key)]["conversion_rate"] = converted / visitors
    for key, number, bounces in right.rows(
        f"SELECT key, count(*), count(*) FILTER (visit.events = 1) FROM ({visits})"
        " JOIN visit USING (site, visitor, visit) GROUP BY key",
        *([] if by_event else values),
    ):
        rows[_key(key)] |= {"visits": number, "bounce_rate": bounces / number}
    for row in rows.values():
        row["revenue_by_currency"] = []
    for key, currency, cents in right.rows(
        "SELECT key, currency, sum(cents) FROM asked WHERE cents IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ):
        rows[_key(key)]["revenue_by_currency"].append({"amount_minor": cents, "currency": currency})
    return dict(rows)


def present(right: Recount, at: datetime, website_id: str) -> dict[str, Any]:
    """Who was there in the five minutes before a moment, and what happened in each of the last thirty."""
    now = at.astimezone(UTC).replace(tzinfo=None)
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=29)
    five = now - timedelta(minutes=5)
    people = right.one(
        "SELECT count(DISTINCT visitor) FROM event WHERE site = ? AND moment > ? AND moment <= ?",
        website_id, five, now,
    )  # fmt: skip
    minutes = right.rows(
        "SELECT date_trunc('minute', moment), count(DISTINCT visitor), count(*) FILTER (name = 'pageview')"
        " FROM event WHERE site = ? AND moment >= ? AND moment <= ? GROUP BY 1",
        website_id, first, now,
    )  # fmt: skip
    pages = right.rows(
        "SELECT page, count(DISTINCT visitor) FROM event WHERE site = ? AND moment > ? AND moment <= ?"
        " AND name = 'pageview' AND page IS NOT NULL GROUP BY page",
        website_id, five, now,
    )  # fmt: skip
    return {
        "visitors": people[0],
        "minutes": {start.replace(tzinfo=UTC): tuple(numbers) for start, *numbers in minutes},
        "pages": dict(pages),
    }


def _column(name: str) -> str:
    if name in FIRST_TOUCH:
        return f"touch.{name}"
    return {"time": "day::text", "page": "numbered.page", "event_name": "numbered.name"}[name]


def _conditions(question: dict) -> tuple[str, list[Any]]:
    """What an event's day, or a visit's first, has to be like, and the values of that."""
    wanted = ["day BETWEEN ?::date AND ?::date"]
    values: list[Any] = [question["start_date"], question["end_date"]]
    if question.get("website_id"):
        wanted.append("site = ?")
        values.append(question["website_id"])
    for each in question.get("filter", {"filters": []})["filters"]:
        leaf = each["filter"] if each["operator"] == "NOT" else each
        met = OPERATORS[leaf["operator"]].format(name=leaf["dimension"])
        wanted.append(f"NOT ({met})" if each is not leaf else met)
        values.append(leaf.get("values", leaf.get("value")))
    return " AND ".join(wanted), values


def _key(values: list[str | None]) -> tuple[str | None, ...]:
    return tuple(value or None for value in values)
