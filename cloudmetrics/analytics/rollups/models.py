"""What the rollups hold, as far as new events change it.

Days are numbers, counted from 1970-01-01: Python's calendar begins too late for the
first day of the year 1 in the zones west of Greenwich.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

DIMENSIONS = ("source", "medium", "campaign", "device", "browser", "system", "country")
# A cell of the daily totals holds everything, or one value of a dimension.
CELLS = ("all", *DIMENSIONS)
PAGEVIEW = "pageview"

# A visitor's day, in an edition of a website's rollups: website, edition, visitor, day.
DayKey = tuple[str, int, str, int]
# What comes first, by its time, then by its id.
Touch = tuple[datetime, str]
# Per dimension, in the order of DIMENSIONS; what is absent is ''.
Values = tuple[str, ...]
# Per cell, the visitor's nearest day before another one, and after it.
Near = tuple[tuple[int | None, ...], tuple[int | None, ...]]
# What a visitor's day adds up: events, pageviews, events with revenue, revenue in minor
# units, visits that start on it, those of one event, and how many microseconds all took.
NUMBERS = ("events", "pageviews", "sales", "revenue", "visits", "bounces", "visit_us")
Numbers = list[int]


class Day(NamedTuple):
    """What is kept of a visitor's day. `values` are those of its first touch."""

    first: Touch
    values: Values
    numbers: Numbers


class Added(NamedTuple):
    """An event that was just stored, in an edition where it counts."""

    key: DayKey
    touch: Touch
    values: Values
    name: str
    page: str | None
    revenue: int | None


@dataclass(slots=True)
class Visit:
    """Events of a visitor with at most 30 minutes from each to the next.

    Entry and exit are its first and its last page view, None where it has none.
    """

    website_id: str
    visitor_id: str
    started_at: datetime
    ended_at: datetime
    first_id: str
    events: int
    pageviews: int
    sales: int
    revenue: int
    entry_at: datetime | None
    entry_id: str | None
    entry_page: str | None
    exit_at: datetime | None
    exit_id: str | None
    exit_page: str | None


@dataclass(slots=True)
class State:
    """Events to be counted, and what is kept so far, as far as they may change it."""

    # By id and edition.
    events: dict[tuple[str, int], Added] = field(default_factory=dict)
    days: dict[DayKey, Day] = field(default_factory=dict)
    # Of days that may gain or lose the values.
    near: dict[tuple[DayKey, Values], Near] = field(default_factory=dict)
    # By website, visitor and start.
    visits: dict[tuple[str, str, datetime], Visit] = field(default_factory=dict)
    # The days of visits that begin with a touch, in the editions where they count.
    starts: dict[tuple[str, str, Touch], set[DayKey]] = field(default_factory=dict)


def read_state(rows: Iterable[tuple[Any, ...]], event_ids: Collection[str]) -> State:
    """What the rows of the statement `touched` say; to be counted are the events of these ids."""
    state = State()
    for row in rows:
        website_id, visitor_id, event_id, name, occurred_at, page, revenue, edition, day, counts = row[:10]
        own, by_event, values, previous, following = row[10:26], row[26], row[27:34], row[34:42], row[42:50]
        key, touch = (website_id, edition, visitor_id, day), (occurred_at, event_id)
        if own[0] is None or touch < own[:2]:
            state.near[key, values] = (previous, following)
        if own[0] is not None:
            state.days[key] = _day(own)
        if by_event and counts and event_id in event_ids:
            state.events[event_id, edition] = Added(key, touch, values, name, page, revenue)
            state.starts.setdefault((website_id, visitor_id, touch), set()).add(key)
        if row[50] is not None:
            _read_visit(state, website_id, visitor_id, edition, row[50:])
    return state


def _read_visit(state: State, website_id: str, visitor_id: str, edition: int, row: tuple[Any, ...]) -> None:
    visit = Visit(website_id, visitor_id, *row[:13])
    visit.revenue = int(visit.revenue)
    state.visits[website_id, visitor_id, visit.started_at] = visit
    day, other_day = row[13], row[14:]
    if day is not None:
        key = (website_id, edition, visitor_id, day)
        state.starts.setdefault((website_id, visitor_id, (visit.started_at, visit.first_id)), set()).add(key)
        if other_day[0] is not None:
            state.days[key] = _day(other_day)


def _day(row: tuple[Any, ...]) -> Day:
    numbers = list(row[9:16])
    numbers[3] = int(numbers[3])
    return Day(row[:2], row[2:9], numbers)
