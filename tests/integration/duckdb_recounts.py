"""Answers counted by DuckDB from the raw events, with SQL that shares nothing with the service's.

Each function gives an answer in the API's own words, so that a test compares them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import psycopg

FIRST_TOUCH = ("source", "medium", "campaign", "device", "browser", "system", "country")
COLUMNS = (
    "site VARCHAR, visitor VARCHAR, id VARCHAR, name VARCHAR, moment TIMESTAMP, day DATE, page VARCHAR, "
    + ", ".join(f"{name} VARCHAR" for name in FIRST_TOUCH)
    + ", cents HUGEINT, currency VARCHAR"
)
RAW = f"""
    SELECT website_id::text, visitor_id, event_id, event.name, occurred_at, timezone, page,
        {", ".join(FIRST_TOUCH)}, revenue_minor, currency
    FROM events AS event JOIN websites USING (workspace_id, website_id)
    WHERE workspace_id = %s
"""

# The first touch of each day; which visit an event is of; a visit.
VIEWS = f"""
    CREATE VIEW touch AS
    SELECT site, visitor, day, {", ".join(f"coalesce({name}, '') AS {name}" for name in FIRST_TOUCH)}
    FROM event QUALIFY row_number() OVER (PARTITION BY site, visitor, day ORDER BY moment, id) = 1;
    CREATE VIEW numbered AS
    SELECT *, sum(begins) OVER (
        PARTITION BY site, visitor ORDER BY moment, id ROWS UNBOUNDED PRECEDING
    ) AS visit
    FROM (
        SELECT *, CASE WHEN moment - lag(moment) OVER (PARTITION BY site, visitor ORDER BY moment, id)
            <= INTERVAL 30 MINUTE THEN 0 ELSE 1 END AS begins
        FROM event
    );
    CREATE VIEW visit AS
    SELECT site, visitor, visit, arg_min(day, (moment, id)) AS day, count(*) AS events
    FROM numbered GROUP BY site, visitor, visit;
"""


@dataclass(frozen=True)
class Recount:
    """The raw events of a workspace at one moment."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str, *values: Any) -> list[tuple]:
        return self.connection.execute(sql, list(values)).fetchall()

    def one(self, sql: str, *values: Any) -> tuple:
        (row,) = self.rows(sql, *values)
        return row

    @contextmanager
    def kept(self, question: dict) -> Iterator[None]:
        """A view `kept` of the events on days that a question asks for."""
        wanted = ["day BETWEEN ? AND ?"]
        values = [question["start_date"], question["end_date"]]
        if question.get("website_id"):
            wanted.append("site = ?")
            values.append(question["website_id"])
        for name in FIRST_TOUCH:
            if question.get(name) is not None:
                wanted.append(f"touch.{name} = ?")
                values.append(question[name])
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE kept AS SELECT event.* FROM event"
            f" JOIN touch USING (site, visitor, day) WHERE {' AND '.join(wanted)}",
            values,
        )
        yield
        self.connection.execute("DROP TABLE kept")

    def metrics(self, question: dict) -> dict:
        with self.kept(question):
            visitors, events, pageviews = self.one(
                "SELECT count(DISTINCT (site, visitor)), count(*), count(*) FILTER (name = 'pageview')"
                " FROM kept"
            )
            goal = question.get("goal")
            converted = self.one(
                "SELECT count(DISTINCT (site, visitor)) FROM kept WHERE name = ?", goal or ""
            )[0]
            earned = self.rows(
                "SELECT currency, sum(cents) FROM kept WHERE cents IS NOT NULL GROUP BY currency ORDER BY 1"
            )
            visits, bounces = self.one(
                "SELECT count(*), count(*) FILTER (visit.events = 1) FROM visit"
                " WHERE (site, visitor, day) IN (SELECT (site, visitor, day) FROM kept)"
            )
            by_day = {
                day: numbers
                for day, *numbers in self.rows(
                    "SELECT day, count(DISTINCT (site, visitor)), count(*) FILTER (name = 'pageview')"
                    " FROM kept GROUP BY day"
                )
            }
        return {
            "visitors": visitors,
            "events": events,
            "pageviews": pageviews,
            "visits": visits,
            "bounce_rate": bounces / visits if visits else None,
            "conversion_rate": converted / visitors if goal and visitors else None,
            "revenue_by_currency": [{"amount_minor": cents, "currency": name} for name, cents in earned],
            "breakdown": [(day.isoformat(), *by_day.get(day, (0, 0))) for day in days_of(question)],
        }

    def completions(self, question: dict, condition: dict) -> dict:
        with self.kept({name: question[name] for name in ("start_date", "end_date", "website_id")}):
            met, values = meets(condition)
            counts = (
                f"count(DISTINCT visitor), count(DISTINCT visitor) FILTER ({met}), count(*) FILTER ({met})"
            )
            total = self.one(f"SELECT {counts} FROM kept", *values * 2)
            days = {
                day: row
                for day, *row in self.rows(f"SELECT day, {counts} FROM kept GROUP BY day", *values * 2)
            }
            by_value = self.rows(
                f"SELECT touch.{question['dimension']}, {counts} FROM kept"
                " JOIN touch USING (site, visitor, day) GROUP BY 1",
                *values * 2,
            )
        return {
            **tally(total),
            "breakdown": [
                {"date": day.isoformat(), **tally(days.get(day, (0, 0, 0)))} for day in days_of(question)
            ],
            "by_dimension": {value or None: tally(row) for value, *row in by_value},
        }

    def funnel(self, question: dict) -> list[tuple]:
        """Per step its visitors and the median, by joining the events of each way with each other."""
        steps, window = question["steps"], question["window_hours"]
        for number, step in enumerate(steps, 1):
            met, values = meets(step)
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE step{number} AS SELECT * FROM event"
                f" WHERE site = ? AND day BETWEEN ? AND ? AND {met}",
                [question["website_id"], question["start_date"], question["end_date"], *values],
            )
        filters = {name: value for name, value in question["filters"].items() if value is not None}
        fits = " AND ".join(f"touch.{name} = ?" for name in filters) or "true"
        answer: list[tuple] = []
        for number in range(1, len(steps) + 1):
            joins = "".join(
                f" JOIN step{later} AS e{later} ON e{later}.visitor = e1.visitor"
                f" AND (e{later}.moment, e{later}.id) > (e{later - 1}.moment, e{later - 1}.id)"
                for later in range(2, number + 1)
            )
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE done{number} AS"
                f" SELECT DISTINCT e{number}.visitor, e{number}.moment, e{number}.id FROM step1 AS e1{joins}"
                " JOIN touch ON (touch.site, touch.visitor, touch.day) = (e1.site, e1.visitor, e1.day)"
                f" WHERE e{number}.moment - e1.moment <= INTERVAL {window} HOUR AND {fits}",
                list(filters.values()),
            )
            visitors = self.one(f"SELECT count(DISTINCT visitor) FROM done{number}")[0]
            median = None
            if number > 1:
                median = self.one(
                    "SELECT median(took) FROM ("
                    " SELECT epoch(earliest.moment - max(before.moment)) AS took FROM ("
                    f" SELECT visitor, moment, id FROM done{number}"
                    " QUALIFY row_number() OVER (PARTITION BY visitor ORDER BY moment, id) = 1) AS earliest"
                    f" JOIN done{number - 1} AS before ON before.visitor = earliest.visitor"
                    " AND (before.moment, before.id) < (earliest.moment, earliest.id)"
                    " GROUP BY earliest.visitor, earliest.moment)"
                )[0]
            answer.append((visitors, median))
        return answer

    def visitors(self, question: dict) -> list[tuple]:
        """Id, visits, events, page views and cents of each visitor who fits."""
        with self.kept(question):
            name = question.get("event_name")
            chosen = self.rows(
                "SELECT DISTINCT visitor FROM kept WHERE ? IS NULL OR (site, visitor, day) IN"
                " (SELECT (site, visitor, day) FROM kept WHERE name = ?)",
                name,
                name,
            )
        everybody = self.rows(
            "SELECT visitor, count(DISTINCT visit), count(*), count(*) FILTER (name = 'pageview'),"
            " coalesce(sum(cents), 0) FROM numbered WHERE site = ? GROUP BY visitor",
            question["website_id"],
        )
        least = question.get("minimum_revenue_minor")
        ids = {visitor for (visitor,) in chosen}
        return sorted(row for row in everybody if row[0] in ids and (least is None or row[4] >= least))

    def visits(self, website_id: str, visitor_id: str) -> list[tuple]:
        """Start, end, events, page views, cents and pages of entry and exit of each, newest first."""
        return self.rows(
            "SELECT min(moment), max(moment), count(*), count(*) FILTER (name = 'pageview'),"
            " coalesce(sum(cents), 0),"
            " arg_min(coalesce(page, '-'), (moment, id)) FILTER (name = 'pageview'),"
            " arg_max(coalesce(page, '-'), (moment, id)) FILTER (name = 'pageview')"
            " FROM numbered WHERE site = ? AND visitor = ? GROUP BY visit ORDER BY 1 DESC",
            website_id,
            visitor_id,
        )

    def revenue(self, question: dict, goals: dict[str, dict]) -> list[tuple]:
        """Value, sales, cents and visitors, in the order of the API."""
        sums = "count(cents), coalesce(sum(cents), 0)"
        name = question["dimension"]
        with self.kept({part: question[part] for part in ("start_date", "end_date", "website_id")}):
            if name == "goal":
                found = []
                for goal, condition in goals.items():
                    met, values = meets(condition)
                    counts = self.one(
                        f"SELECT {sums}, count(DISTINCT visitor) FROM kept WHERE {met}", *values
                    )
                    found.append((goal, *counts))
                return found
            if name == "page":
                rows = self.rows(
                    f"SELECT page, {sums}, count(DISTINCT visitor) FILTER (name = 'pageview')"
                    " FROM kept WHERE page IS NOT NULL GROUP BY page"
                )
            else:
                rows = self.rows(
                    f"SELECT touch.{name}, {sums}, count(DISTINCT visitor) FROM kept"
                    " JOIN touch USING (site, visitor, day) GROUP BY 1"
                )
        ordered = sorted(rows, key=lambda row: (-row[2], row[0].encode()))
        return [(value or None, *numbers) for value, *numbers in ordered]


def recount(database_url: str, workspace_id: UUID) -> Recount:
    """What is stored now. Days are those of Python's calendar in the website's time zone."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        raw = connection.execute(RAW, [workspace_id]).fetchall()
    duck = duckdb.connect(":memory:")
    duck.execute(f"CREATE TABLE event ({COLUMNS})")
    rows = [
        (*row[:4], row[4].replace(tzinfo=None), row[4].astimezone(ZoneInfo(row[5])).date(), *row[6:])
        for row in raw
    ]
    if rows:
        duck.executemany(f"INSERT INTO event VALUES ({', '.join('?' * len(rows[0]))})", rows)
    duck.execute(VIEWS)
    return Recount(duck)


def meets(condition: dict) -> tuple[str, list[Any]]:
    """SQL that an event meets a condition, and its values; patterns by regular expressions."""
    if condition["kind"] == "EVENT":
        sql, values = "name = ?", [condition["event_name"]]
    else:
        pattern = ".*".join(re.escape(part) for part in condition["path_pattern"].split("*"))
        sql, values = "name = 'pageview' AND regexp_full_match(page, ?)", [pattern]
    if condition.get("minimum_revenue"):
        sql += " AND cents >= ?"
        values.append(condition["minimum_revenue"]["amount_minor"])
    return f"({sql}) IS TRUE", values


def tally(numbers: Any) -> dict:
    visitors, converted, completions = numbers
    return {
        "visitors": visitors,
        "converted_visitors": converted,
        "completions": completions,
        "conversion_rate": converted / visitors if visitors else None,
    }


def days_of(question: dict) -> Iterator[date]:
    start, end = (date.fromisoformat(question[name]) for name in ("start_date", "end_date"))
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
