"""What new events change in the rollups: computed from what is kept, and written by the store.

A visitor's day that is new, or moves to another value because its first touch changes,
leaves the old cell of a dimension with all that it has, and enters the new one.
Everything else only adds to the cell where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import add, neg

from cloudmetrics.analytics.rollups.models import (
    CELLS,
    NUMBERS,
    PAGEVIEW,
    Added,
    Day,
    DayKey,
    Numbers,
    State,
    Touch,
    Values,
    Visit,
)
from cloudmetrics.analytics.rollups.visits import Joined, join_visits

MICROSECOND = timedelta(microseconds=1)

# Website, edition, dimension, value and day; those of a visitor have the visitor instead of the day.
Cell = tuple[str, int, str, str, int]
CellOfVisitor = tuple[str, int, str, str, str]
# To be added up, column by column.
Amounts = list[Sequence[int]]


@dataclass(slots=True)
class Changes:
    """Days and visits as they are from now on, and what is to be added to the other rollups."""

    days: dict[DayKey, Day] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    # By website, visitor and start.
    removed_visits: list[tuple[str, str, object]] = field(default_factory=list)
    # By website, edition, name, day and visitor: events, sales, revenue.
    names: dict[tuple[str, int, str, int, str], Amounts] = field(default_factory=lambda: defaultdict(list))
    # By website, edition, day and page: events, pageviews, sales, revenue.
    pages: dict[tuple[str, int, int, str], Amounts] = field(default_factory=lambda: defaultdict(list))
    # By cell: visitors, and NUMBERS.
    totals: dict[Cell, Amounts] = field(default_factory=lambda: defaultdict(list))
    # By cell and previous day: visitors.
    gaps: dict[tuple[Cell, int | None], int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class _Gain:
    """What a visitor's day gains."""

    first: tuple[Touch, Values] | None = None
    numbers: Numbers = field(default_factory=lambda: [0] * len(NUMBERS))


def changes_of(state: State) -> Changes:
    """All that follows from the events of `state`."""
    changes = Changes()
    gains: dict[DayKey, _Gain] = defaultdict(_Gain)
    for event in state.events.values():
        _count_event(event, gains[event.key], changes)
    for joined in join_visits(state):
        _count_visit(joined, state, gains, changes)
    # Per visitor and value the days that it gains (1) or loses (-1).
    shifts: dict[CellOfVisitor, dict[int, int]] = defaultdict(dict)
    for key, gain in gains.items():
        old = state.days.get(key)
        changes.days[key] = new = _grown(old, gain)
        _move(key, gain.numbers, old, new, changes, shifts)
    _relink(shifts, state, changes)
    return changes


def _count_event(event: Added, gain: _Gain, changes: Changes) -> None:
    (website_id, edition, visitor_id, day), touch, values, name, page, revenue = event
    is_view, is_sale, amount = int(name == PAGEVIEW), int(revenue is not None), revenue or 0
    numbers = gain.numbers
    numbers[0] += 1
    numbers[1] += is_view
    numbers[2] += is_sale
    numbers[3] += amount
    if gain.first is None or touch < gain.first[0]:
        gain.first = (touch, values)
    if not is_view:
        changes.names[website_id, edition, name, day, visitor_id].append((1, is_sale, amount))
    if page is not None:
        changes.pages[website_id, edition, day, page].append((1, is_view, is_sale, amount))


def _count_visit(joined: Joined, state: State, gains: Mapping[DayKey, _Gain], changes: Changes) -> None:
    visit = joined.visit
    changes.visits.append(visit)
    at = (visit.website_id, visit.visitor_id)
    counted = [(1, visit.started_at, visit.first_id, visit.ended_at, visit.events)]
    for old in joined.replaced:
        counted.append((-1, *old))
        if old.started_at != visit.started_at:
            changes.removed_visits.append((*at, old.started_at))
    for sign, started_at, first_id, ended_at, events in counted:
        for key in state.starts.get((*at, (started_at, first_id)), ()):
            numbers = gains[key].numbers
            numbers[4] += sign
            numbers[5] += sign * (events == 1)
            numbers[6] += sign * ((ended_at - started_at) // MICROSECOND)


def _grown(old: Day | None, gain: _Gain) -> Day:
    if old is None:
        assert gain.first is not None, "a day begins with an event"
        return Day(*gain.first, gain.numbers)
    first, values = old.first, old.values
    if gain.first is not None and gain.first[0] < first:
        first, values = gain.first
    return Day(first, values, list(map(add, old.numbers, gain.numbers)))


def _move(
    key: DayKey,
    gained: Numbers,
    old: Day | None,
    new: Day,
    changes: Changes,
    shifts: Mapping[CellOfVisitor, dict[int, int]],
) -> None:
    """Puts a day into the cells where it belongs now, and notes which of them it enters and leaves."""
    website_id, edition, visitor_id, day = key
    totals = changes.totals
    stays, enters = (0, *gained), (1, *new.numbers)
    leaves = (-1, *map(neg, old.numbers)) if old else ()
    old_values = ("", *old.values) if old else (None,) * len(CELLS)
    for dimension, value, old_value in zip(CELLS, ("", *new.values), old_values, strict=True):
        if value == old_value:
            totals[website_id, edition, dimension, value, day].append(stays)
            continue
        totals[website_id, edition, dimension, value, day].append(enters)
        shifts[website_id, edition, dimension, value, visitor_id][day] = 1
        if old_value is not None:
            totals[website_id, edition, dimension, old_value, day].append(leaves)
            shifts[website_id, edition, dimension, old_value, visitor_id][day] = -1


def _relink(shifts: Mapping[CellOfVisitor, Mapping[int, int]], state: State, changes: Changes) -> None:
    """Mends the gaps around the days that a visitor gains or loses under a value."""
    gaps = changes.gaps
    for (website_id, edition, dimension, value, visitor_id), shifted in shifts.items():
        number = CELLS.index(dimension)
        near: dict[int, tuple[int | None, int | None]] = {}
        for day, shift in shifted.items():
            key = (website_id, edition, visitor_id, day)
            values = changes.days[key].values if shift > 0 else state.days[key].values
            previous, following = state.near[key, values]
            near[day] = (previous[number], following[number])
        for sign, day, previous_day in _links(shifted, near):
            gaps[(website_id, edition, dimension, value, day), previous_day] += sign


def _links(
    shifted: Mapping[int, int], near: Mapping[int, tuple[int | None, int | None]]
) -> list[tuple[int, int, int | None]]:
    """The links from a day to the previous one that come (1) and go (-1).

    The days that shift and the nearest others are all that matters. The outermost
    link of such a row of days may be cut short, but so it is before and after, and
    falls out.
    """
    lost = {day for day, shift in shifted.items() if shift < 0}
    was = lost.union(day for days in near.values() for day in days if day is not None)
    now = was.union(shifted) - lost
    links: list[tuple[int, int, int | None]] = []
    for sign, days in ((-1, was), (1, now)):
        previous: int | None = None
        for day in sorted(days):
            links.append((sign, day, previous))
            previous = day
    return links
