"""What new events change in the rollups: computed from what is kept, and written by the store.

A visitor's day that is new, or moves to another value because its first touch changes,
leaves the old cell of a dimension with all that it has, and enters the new one.
Everything else only adds to the cell where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import add, neg
from typing import Any

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
from cloudmetrics.analytics.rollups.visits import Joined

MICROSECOND = timedelta(microseconds=1)
NO_VALUES = (None,) * len(CELLS)

# Website, edition, dimension, value and day.
Cell = tuple[str, int, str, str, int]
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
    # By website, edition, day and value of each dimension: visitors, and NUMBERS.
    cube: dict[tuple[Any, ...], Amounts] = field(default_factory=lambda: defaultdict(list))
    # By cell and previous day: visitors.
    gaps: dict[tuple[str, int, str, str, int, int | None], int] = field(
        default_factory=lambda: defaultdict(int)
    )


@dataclass(slots=True)
class _Gain:
    """What a visitor's day gains."""

    first: tuple[Touch, Values] | None = None
    numbers: Numbers = field(default_factory=lambda: [0] * len(NUMBERS))


def changes_of(state: State, visits: Iterable[Joined]) -> Changes:
    """All that follows from the events of `state`, and from the visits that they change."""
    changes = Changes()
    gains: dict[DayKey, _Gain] = defaultdict(_Gain)
    for event in state.events.values():
        _count_event(event, gains[event.key], changes)
    for joined in visits:
        _count_visit(joined, state, gains, changes)
    # By website, edition and visitor: days that are new, or move.
    moved: dict[tuple[str, int, str], list[DayKey]] = defaultdict(list)
    for key, gain in gains.items():
        old = state.days.get(key)
        changes.days[key] = new = _grown(old, gain)
        _add_to_cells(key, gain.numbers, old, new, changes)
        if old is None or old.values != new.values:
            moved[key[:3]].append(key)
    for keys in moved.values():
        if len(keys) == 1 and keys[0] not in state.days:
            _link_new_day(keys[0], state, changes)
        else:
            _relink(keys, state, changes)
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
    if joined.is_changed:
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


def _add_to_cells(key: DayKey, gained: Numbers, old: Day | None, new: Day, changes: Changes) -> None:
    """Puts a day into the cells where it belongs now, and takes it out of those that it leaves."""
    website_id, edition, _, day = key
    totals = changes.totals
    grows, enters = (0, *gained), (1, *new.numbers)
    leaves = (-1, *map(neg, old.numbers)) if old else ()
    for dimension, value, old_value in _values(old, new):
        stays = value == old_value
        totals[website_id, edition, dimension, value, day].append(grows if stays else enters)
        if old_value is not None and not stays:
            totals[website_id, edition, dimension, old_value, day].append(leaves)
    stays = old is not None and old.values == new.values
    changes.cube[website_id, edition, day, *new.values].append(grows if stays else enters)
    if old is not None and not stays:
        changes.cube[website_id, edition, day, *old.values].append(leaves)


def _values(old: Day | None, new: Day) -> Iterator[tuple[str, str, str | None]]:
    """Per cell: the dimension, the value of the day, and the one that it had, None where there was no day."""
    old_values = ("", *old.values) if old else NO_VALUES
    return zip(CELLS, ("", *new.values), old_values, strict=True)


def _link_new_day(key: DayKey, state: State, changes: Changes) -> None:
    """Links a day to the nearest ones on both sides, per cell. Nothing else of the visitor moves."""
    website_id, edition, _, day = key
    gaps, values = changes.gaps, changes.days[key].values
    previous, following = state.near[key, values]
    for dimension, value, before, after in zip(CELLS, ("", *values), previous, following, strict=True):
        gaps[website_id, edition, dimension, value, day, before] += 1
        if after is not None:
            gaps[website_id, edition, dimension, value, after, before] -= 1
            gaps[website_id, edition, dimension, value, after, day] += 1


def _relink(keys: Sequence[DayKey], state: State, changes: Changes) -> None:
    """Mends the gaps around days of a visitor that are new or move to other values.

    Under a value, the days that it gains and loses and the nearest others are all that
    matters. The outermost link of such a row of days may be cut short, but so it is
    before and after, and falls out.
    """
    # Per dimension and value: the days that are there before, and after.
    rows: dict[tuple[str, str], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    moves: list[tuple[int, str, str, int]] = []
    for key in keys:
        day, old, new = key[3], state.days.get(key), changes.days[key]
        for number, (dimension, value, old_value) in enumerate(_values(old, new)):
            if value == old_value:
                continue
            moves.append((1, dimension, value, day))
            rows[dimension, value][0].update(_nearest(state, key, new.values, number))
            if old is not None and old_value is not None:
                moves.append((-1, dimension, old_value, day))
                rows[dimension, old_value][0].update((day, *_nearest(state, key, old.values, number)))
    for before, after in rows.values():
        after.update(before)
    for shift, dimension, value, day in moves:
        after = rows[dimension, value][1]
        after.add(day) if shift > 0 else after.discard(day)
    website_id, edition = keys[0][:2]
    for (dimension, value), both in rows.items():
        for sign, days in zip((-1, 1), both, strict=True):
            previous: int | None = None
            for day in sorted(days):
                changes.gaps[website_id, edition, dimension, value, day, previous] += sign
                previous = day


def _nearest(state: State, key: DayKey, values: Values, number: int) -> list[int]:
    return [day for days in state.near[key, values] if (day := days[number]) is not None]
