"""What the rollups hold, as far as new events change it.

Days are numbers, counted from 1970-01-01: Python's calendar begins too late for the
first day of the year 1 in the zones west of Greenwich.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

DIMENSIONS = ("source", "medium", "campaign", "device", "browser", "system", "country")
# A cell of the daily totals holds everything, or one value of a dimension.
CELLS = ("all", *DIMENSIONS)
PAGEVIEW = "pageview"

# Per dimension, in the order of DIMENSIONS; what is absent is ''.
Values = tuple[str, ...]
# What a visitor's day adds up: events, pageviews, events with revenue, revenue in minor
# units, visits that start on it, those of one event, and how many microseconds all took.
Numbers = list[int]
NUMBERS = ("events", "pageviews", "sales", "revenue", "visits", "bounces", "visit_us")


class DayKey(NamedTuple):
    """A visitor's day, in an edition of the rollups of a website."""

    website_id: str
    edition: int
    visitor_id: str
    day: int


class Touch(NamedTuple):
    """What comes first, by its time, then by its id."""

    at: datetime
    event_id: str


@dataclass(slots=True)
class Day:
    """What is kept of a visitor's day. `values` are those of its first touch."""

    first: Touch
    values: Values
    numbers: Numbers


class Near(NamedTuple):
    """The visitor's nearest days before and after a day, per cell, or None where there is none."""

    previous: tuple[int | None, ...]
    next: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """An event that was just stored, in an edition that it belongs to."""

    key: DayKey
    touch: Touch
    values: Values
    name: str
    page: str | None
    revenue_minor: int | None


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

    @property
    def start(self) -> Touch:
        return Touch(self.started_at, self.first_id)


@dataclass(slots=True)
class State:
    """Events to be counted, and what is kept so far, as far as they may change it."""

    events: list[Added] = field(default_factory=list)
    days: dict[DayKey, Day] = field(default_factory=dict)
    # For a day that may gain or lose the values.
    near: dict[tuple[DayKey, Values], Near] = field(default_factory=dict)
    visits: dict[tuple[str, str, datetime], Visit] = field(default_factory=dict)
    # The day on which a visit begins that begins with this touch, in each edition that counts it.
    starts: dict[tuple[str, str, Touch], set[DayKey]] = field(default_factory=dict)
