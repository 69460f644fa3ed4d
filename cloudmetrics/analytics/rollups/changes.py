"""What new events change in the rollups: computed from what is kept, and written by the store.

A visitor's day that is new, or moves to another value because its first touch changes,
leaves the old cell of a dimension with all that it has, and enters the new one.
Everything else only adds to the cell where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from operator import add, neg
from typing import NamedTuple

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

NOTHING: Numbers = [0] * len(NUMBERS)
MICROSECOND = timedelta(microseconds=1)


class CellKey(NamedTuple):
    """A value of a dimension on a day."""

    website_id: str
    edition: int
    dimension: str
    value: str
    day: int


class NameKey(NamedTuple):
    """Events of a name on a visitor's day."""

    website_id: str
    edition: int
    name: str
    day: int
    visitor_id: str


class PageKey(NamedTuple):
    """A page on a day."""

    website_id: str
    edition: int
    day: int
    page: str


@dataclass(slots=True)
class Changes:
    """Days and visits as they are from now on, and what is to be added to the other rollups.

    The amounts are: of `names` events, sales, revenue; of `pages` the same with
    pageviews after the events; of `totals` visitors, and then NUMBERS; of `gaps`,
    by their previous day, visitors.
    """

    days: dict[DayKey, Day] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    removed_visits: list[Visit] = field(default_factory=list)
    names: dict[NameKey, Numbers] = field(default_factory=dict)
    pages: dict[PageKey, Numbers] = field(default_factory=dict)
    totals: dict[CellKey, Numbers] = field(default_factory=dict)
    gaps: dict[tuple[CellKey, int | None], int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class _Gain:
    """What a visitor's day gains."""

    first: tuple[Touch, Values] | None = None
    numbers: Numbers = field(default_factory=NOTHING.copy)


def changes_of(state: State) -> Changes:
    """All that follows from the events of `state`."""
    changes = Changes()
    gains: dict[DayKey, _Gain] = defaultdict(_Gain)
    for event in state.events:
        _count_event(event, gains[event.key], changes)
    for joined in join_visits(state):
        _count_visit(joined, state, gains, changes)
    shifts: dict[tuple[str, int, str, str, str], dict[int, int]] = defaultdict(dict)
    for key, gain in gains.items():
        _move_day(key, gain, state.days.get(key), changes, shifts)
    _relink(shifts, state, changes)
    return changes


def _count_event(event: Added, gain: _Gain, changes: Changes) -> None:
    website_id, edition, visitor_id, day = event.key
    is_view = event.name == PAGEVIEW
    is_sale, amount = int(event.revenue_minor is not None), event.revenue_minor or 0
    numbers = gain.numbers
    numbers[0] += 1
    numbers[1] += is_view
    numbers[2] += is_sale
    numbers[3] += amount
    if gain.first is None or event.touch < gain.first[0]:
        gain.first = (event.touch, event.values)
    if not is_view:
        _add(changes.names, NameKey(website_id, edition, event.name, day, visitor_id), [1, is_sale, amount])
    if event.page is not None:
        page = PageKey(website_id, edition, day, event.page)
        _add(changes.pages, page, [1, int(is_view), is_sale, amount])


def _count_visit(joined: Joined, state: State, gains: dict[DayKey, _Gain], changes: Changes) -> None:
    visit = joined.visit
    changes.visits.append(visit)
    for old in joined.replaced:
        if old.started_at != visit.started_at:
            changes.removed_visits.append(old)
    for sign, counted in ((1, visit), *((-1, old) for old in joined.replaced)):
        took = (counted.ended_at - counted.started_at) // MICROSECOND
        for key in state.starts.get((counted.website_id, counted.visitor_id, counted.start), ()):
            numbers = gains[key].numbers
            numbers[4] += sign
            numbers[5] += sign * (counted.events == 1)
            numbers[6] += sign * took


def _move_day(
    key: DayKey,
    gain: _Gain,
    old: Day | None,
    changes: Changes,
    shifts: dict[tuple[str, int, str, str, str], dict[int, int]],
) -> None:
    """Puts a day into the cells where it belongs now, and notes which of them it enters and leaves."""
    website_id, edition, visitor_id, day = key
    if old is None:
        assert gain.first is not None, "a day begins with an event"
        new = Day(*gain.first, gain.numbers)
    else:
        stays = gain.first is None or old.first < gain.first[0]
        first, values = (old.first, old.values) if stays or gain.first is None else gain.first
        new = Day(first, values, list(map(add, old.numbers, gain.numbers)))
    changes.days[key] = new
    old_values = (None,) * len(CELLS) if old is None else ("", *old.values)
    for dimension, value, old_value in zip(CELLS, ("", *new.values), old_values, strict=True):
        cell = CellKey(website_id, edition, dimension, value, day)
        if value == old_value:
            _add(changes.totals, cell, [0, *gain.numbers])
            continue
        _add(changes.totals, cell, [1, *new.numbers])
        shifts[website_id, edition, visitor_id, dimension, value][day] = 1
        if old is not None and old_value is not None:
            left = CellKey(website_id, edition, dimension, old_value, day)
            _add(changes.totals, left, [-1, *map(neg, old.numbers)])
            shifts[website_id, edition, visitor_id, dimension, old_value][day] = -1


def _relink(
    shifts: dict[tuple[str, int, str, str, str], dict[int, int]], state: State, changes: Changes
) -> None:
    """Mends the gaps around the days that a visitor gains (1) or loses (-1) under a value.

    These days and the nearest others are all that matters. The outermost link of
    such a row of days may be cut short, but so it is before and after, and falls out.
    """
    for (website_id, edition, visitor_id, dimension, value), shifted in shifts.items():
        number = CELLS.index(dimension)
        was: set[int] = set()
        for day, shift in shifted.items():
            key = DayKey(website_id, edition, visitor_id, day)
            values = changes.days[key].values if shift > 0 else state.days[key].values
            near = state.near[key, values]
            was.update(other for other in (near.previous[number], near.next[number]) if other is not None)
        was.update(day for day, shift in shifted.items() if shift < 0)
        now = {*was, *shifted}.difference(day for day, shift in shifted.items() if shift < 0)
        for sign, days in ((-1, was), (1, now)):
            previous: int | None = None
            for day in sorted(days):
                changes.gaps[CellKey(website_id, edition, dimension, value, day), previous] += sign
                previous = day


def _add(sums: dict, key: object, numbers: Iterable[int]) -> None:  # type: ignore[type-arg]
    present = sums.get(key)
    sums[key] = numbers if present is None else list(map(add, present, numbers))
