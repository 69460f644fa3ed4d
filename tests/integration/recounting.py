"""What each rollup has to hold, counted from the events from the start, one visitor after the other."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row

DIMENSIONS = ("source", "medium", "campaign", "device", "browser", "system", "country")
HALF_AN_HOUR = timedelta(minutes=30)

# Days as numbers, since the first day of the year 1 is one before Python's calendar in some zones.
EVENTS = """
    SELECT event.*, edition, (occurred_at AT TIME ZONE timezone)::date - date 'epoch' AS day
    FROM events AS event JOIN websites USING (workspace_id, website_id)
    WHERE workspace_id = %(workspace_id)s
    ORDER BY occurred_at, event_id
"""
DAYS = ("day", "previous_day")
ROLLUPS = (
    *("visits", "visitor_days", "visitor_day_events", "page_days"),
    *("daily_totals", "daily_cube", "daily_gaps"),
)

Rows = Counter[tuple[Any, ...]]


def recount(events: list[Any]) -> dict[str, Rows]:
    """Rollup → its rows without the workspace, from all events of a workspace in their order."""
    counted: dict[str, Rows] = defaultdict(Counter)
    totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 8)
    cube: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 8)
    pages: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
    for (website_id, visitor_id), of_visitor in grouped(events, "website_id", "visitor_id").items():
        edition = of_visitor[0].edition
        visits = list(cut_into_visits(of_visitor))
        for visit in visits:
            counted["visits"][visit_row(visit)] += 1
        days_of_cell = defaultdict(list)
        for (day,), of_day in grouped(of_visitor, "day").items():
            first = of_day[0]
            values = [getattr(first, name) or "" for name in DIMENSIONS]
            begun = [visit for visit in visits if visit[0].day == day]
            numbers = [*sums(of_day), *visit_sums(begun)]
            counted["visitor_days"][
                website_id, edition, day, visitor_id, first.occurred_at, first.event_id, *values, *numbers
            ] += 1
            add(cube[website_id, edition, day, *values], [1, *numbers])
            for cell in (("all", ""), *zip(DIMENSIONS, values, strict=True)):
                add(totals[website_id, edition, *cell, day], [1, *numbers])
                days_of_cell[cell].append(day)
            for (name,), of_name in grouped(of_day, "name").items():
                if name != "pageview":
                    count, _, sales, revenue = sums(of_name)
                    row = (website_id, edition, name, day, visitor_id, count, sales, revenue)
                    counted["visitor_day_events"][row] += 1
            for (page,), of_page in grouped(of_day, "page").items():
                if page is not None:
                    add(pages[website_id, edition, day, page], sums(of_page))
        for cell, days in days_of_cell.items():
            for previous, day in pairwise([None, *sorted(days)]):
                counted["daily_gaps"][website_id, edition, *cell, day, previous] += 1
    counted["daily_totals"] = Counter((*key, *numbers) for key, numbers in totals.items())
    counted["daily_cube"] = Counter((*key, *numbers) for key, numbers in cube.items())
    counted["page_days"] = Counter((*key, *numbers) for key, numbers in pages.items())
    counted["daily_gaps"] = Counter((*key, count) for key, count in counted["daily_gaps"].items())
    return counted


def grouped(events: list[Any], *names: str) -> dict[tuple[Any, ...], list[Any]]:
    groups = defaultdict(list)
    for event in events:
        groups[tuple(getattr(event, name) for name in names)].append(event)
    return groups


def cut_into_visits(events: list[Any]) -> Iterator[list[Any]]:
    cuts = [
        number
        for number, (one, other) in enumerate(pairwise(events), 1)
        if other.occurred_at - one.occurred_at > HALF_AN_HOUR
    ]
    for start, end in pairwise([0, *cuts, len(events)]):
        yield events[start:end]


def sums(events: list[Any]) -> list[int]:
    amounts = [event.revenue_minor for event in events if event.revenue_minor is not None]
    views = [event for event in events if event.name == "pageview"]
    return [len(events), len(views), len(amounts), sum(amounts)]


def visit_sums(visits: list[list[Any]]) -> list[int]:
    took = sum((visit[-1].occurred_at - visit[0].occurred_at for visit in visits), timedelta())
    return [len(visits), sum(len(visit) == 1 for visit in visits), took // timedelta(microseconds=1)]


def visit_row(visit: list[Any]) -> tuple[Any, ...]:
    first, last = visit[0], visit[-1]
    row = (first.website_id, first.visitor_id, first.occurred_at, last.occurred_at, first.event_id)
    views = [event for event in visit if event.name == "pageview"]
    ends = (views[0], views[-1]) if views else ()
    pages = [part for view in ends for part in (view.occurred_at, view.event_id, view.page)]
    return (*row, *sums(visit), *(pages or [None] * 6))


def add(present: list[int], more: list[int]) -> None:
    present[:] = [one + other for one, other in zip(present, more, strict=True)]


def stored(connection: psycopg.Connection, rollup: str, workspace_id: UUID) -> Rows:
    """The rows of the edition that answers, without cells that all their visitors have left."""
    columns = [column.name for column in connection.execute(f"SELECT * FROM {rollup} LIMIT 0").description]
    days = {name: f"CASE WHEN isfinite({name}) THEN {name} - date 'epoch' END" for name in DAYS}
    shown = [days.get(name, f"kept.{name}") for name in columns if name not in ("workspace_id", "cell")]
    conditions = ["workspace_id = %s"]
    if "edition" in columns:
        conditions.append("kept.edition = websites.edition")
    if rollup.startswith("daily"):
        conditions.append("visitors <> 0")
    rows = connection.execute(
        f"SELECT {', '.join(shown)} FROM {rollup} AS kept JOIN websites USING (workspace_id, website_id)"
        f" WHERE {' AND '.join(conditions)}",
        [workspace_id],
    )
    return Counter(tuple(row) for row in rows)


def differences(database_url: str, workspace_id: UUID) -> dict[str, list[str]]:
    """Rollup → rows that it lacks, or has and should not. `database_url` is of somebody with all rights."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        events = connection.cursor(row_factory=namedtuple_row).execute(EVENTS, {"workspace_id": workspace_id})
        found = {}
        counted = recount(events.fetchall())
        for rollup in ROLLUPS:
            right, present = counted[rollup], stored(connection, rollup, workspace_id)
            rows = [f"extra {row}" for row in present - right] + [f"lacks {row}" for row in right - present]
            if rows:
                found[rollup] = rows
        return found


def rollup_sizes(database_url: str, workspace_id: UUID) -> dict[str, int]:
    """Rollup → how many rows it has."""
    with psycopg.connect(database_url) as connection:
        return {
            rollup: connection.execute(
                f"SELECT count(*) FROM {rollup} WHERE workspace_id = %s", [workspace_id]
            ).fetchone()[0]
            for rollup in ROLLUPS
        }
