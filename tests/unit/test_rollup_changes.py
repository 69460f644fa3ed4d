"""What is computed batch after batch, from new events and what is kept, equals a count of all at once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.rollups.changes import Changes, changes_of
from cloudmetrics.analytics.rollups.models import CELLS, Added, Day, State, Visit
from cloudmetrics.analytics.rollups.visits import join_visits

START = datetime(2026, 11, 3, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
SITE, EDITION, VISITOR = "site", 1, "v"

# Steps of ten minutes over a few days, so that visits meet and lie across midnight.
moments = st.integers(0, 6 * 24 * 4)
events = st.tuples(
    moments, st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(("pageview", "buy")), st.booleans()
)
histories = st.lists(st.lists(events, min_size=1, max_size=6), min_size=1, max_size=8)


class Kept:
    """One visitor's rollups, kept as the store keeps them."""

    def __init__(self) -> None:
        self.days: dict[int, Day] = {}
        self.visits: dict[datetime, Visit] = {}
        self.totals: Counter[tuple] = Counter()
        self.gaps: Counter[tuple] = Counter()

    def state(self, added: list[Added]) -> State:
        """What the statement `touched` reads."""
        state = State(events={(event.touch[1], EDITION): event for event in added})
        for event in added:
            state.starts.setdefault((SITE, VISITOR, event.touch), set()).add(event.key)
            day = event.key[3]
            kept = self.days.get(day)
            for values in (event.values, *([kept.values] if kept else [])):
                state.near[event.key, values] = self.near(day, values)
            for visit in self.visits.values():
                if visit.started_at - HALF_AN_HOUR <= event.touch[0] <= visit.ended_at + HALF_AN_HOUR:
                    state.visits[SITE, VISITOR, visit.started_at] = visit
                    start = (visit.started_at, visit.first_id)
                    state.starts.setdefault((SITE, VISITOR, start), set()).add(key_of(visit.started_at))
        for day, kept in self.days.items():
            state.days[SITE, EDITION, VISITOR, day] = kept
        return state

    def near(self, day: int, values: tuple[str, ...]) -> tuple:
        def fitting(number: int) -> list[int]:
            return [
                other
                for other, kept in self.days.items()
                if number == 0 or kept.values[number - 1] == values[number - 1]
            ]

        rows = [fitting(number) for number in range(len(CELLS))]
        return (
            tuple(max((other for other in row if other < day), default=None) for row in rows),
            tuple(min((other for other in row if other > day), default=None) for row in rows),
        )

    def write(self, changes: Changes) -> None:
        for key, day in changes.days.items():
            self.days[key[3]] = day
        for _, _, started_at in changes.removed_visits:
            del self.visits[started_at]
        for visit in changes.visits:
            self.visits[visit.started_at] = visit
        for (_, _, dimension, value, day), amounts in changes.totals.items():
            for number, amount in enumerate(map(sum, zip(*amounts, strict=True))):
                self.totals[dimension, value, day, number] += amount
        for (_, _, dimension, value, day, previous), visitors in changes.gaps.items():
            self.gaps[dimension, value, day, previous] += visitors


def key_of(at: datetime) -> tuple[str, int, str, int]:
    return (SITE, EDITION, VISITOR, (at - START).days)


def added_of(number: int, event: tuple) -> Added:
    step, source, device, name, is_sale = event
    at = START + timedelta(minutes=10 * step)
    values = (source, "", "", device, "", "", "")
    return Added(key_of(at), (at, f"{number:04}"), values, name, "/", 5 if is_sale else None)


def count(added: list[Added]) -> tuple[Counter, Counter, list[tuple]]:
    """Totals, gaps and visits of all events."""
    added = sorted(added, key=lambda event: event.touch)
    cuts = [
        number
        for number, (one, other) in enumerate(pairwise(added), 1)
        if other.touch[0] - one.touch[0] > HALF_AN_HOUR
    ]
    visits = [added[start:end] for start, end in pairwise([0, *cuts, len(added)])]
    totals: Counter[tuple] = Counter()
    days: dict[tuple[str, str], list[int]] = {}
    for day in sorted({event.key[3] for event in added}):
        of_day = [event for event in added if event.key[3] == day]
        begun = [visit for visit in visits if visit[0].key[3] == day]
        amounts = [event.revenue for event in of_day if event.revenue is not None]
        took = sum((visit[-1].touch[0] - visit[0].touch[0] for visit in begun), timedelta())
        numbers = (
            1,
            len(of_day),
            sum(event.name == "pageview" for event in of_day),
            len(amounts),
            sum(amounts),
            len(begun),
            sum(len(visit) == 1 for visit in begun),
            took // timedelta(microseconds=1),
        )
        for cell in zip(CELLS, ("", *of_day[0].values), strict=True):
            days.setdefault(cell, []).append(day)
            for number, amount in enumerate(numbers):
                totals[*cell, day, number] += amount
    gaps = Counter(
        (*cell, day, previous) for cell, row in days.items() for previous, day in pairwise([None, *row])
    )
    return totals, gaps, [(visit[0].touch, visit[-1].touch[0], len(visit)) for visit in visits]


@given(histories)
def test_batch_after_batch_equals_all_at_once(history):
    kept = Kept()
    everything: list[Added] = []
    for batch in history:
        added = [added_of(len(everything) + number, event) for number, event in enumerate(batch)]
        everything += added
        state = kept.state(added)
        kept.write(changes_of(state, join_visits(state)))

        totals, gaps, visits = count(everything)
        # Counters leave out what is zero when they are added.
        assert +kept.totals == +totals
        assert all(number >= 0 for number in kept.gaps.values())
        assert +kept.gaps == gaps
        found = sorted(kept.visits.values(), key=lambda visit: visit.started_at)
        assert [((each.started_at, each.first_id), each.ended_at, each.events) for each in found] == visits
