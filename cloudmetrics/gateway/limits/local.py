"""The limits of this process alone, for as long as Redis is away: the same counting as buckets.lua."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import ClassVar

from cloudmetrics.gateway.limits.models import Check, Kind, Standing

SLOT = 2_000
# Whoever comes after these takes the place of who was longest away.
MOST_KEPT = 10_000


@dataclass(slots=True)
class Bucket:
    """What was taken and has not come back by `at`: one request is `period`, `limit` come back per ms."""

    limit: int
    period: int
    debt: int = 0
    at: int = 0

    def settle(self, now: int) -> None:
        self.debt = max(0, self.debt - max(0, now - self.at) * self.limit)
        self.at = max(self.at, now)

    def room(self) -> int:
        return self.limit - -(-self.debt // self.period)

    def take(self, cost: int, _now: int) -> None:
        self.debt = max(0, self.debt + cost * self.period)

    def wait(self, wanted: int, _now: int) -> int:
        return max(0, -(((self.limit - wanted) * self.period - self.debt) // self.limit))


@dataclass(slots=True)
class Window:
    """How many there were in each slot of time, oldest first."""

    limit: int
    period: int
    slots: deque[list[int]] = field(default_factory=deque)

    def settle(self, now: int) -> None:
        while self.slots and (self.slots[0][0] + 1) * SLOT + self.period <= now:
            self.slots.popleft()

    def room(self) -> int:
        return max(0, self.limit - sum(count for _, count in self.slots))

    def take(self, cost: int, now: int) -> None:
        if not self.slots or self.slots[-1][0] < now // SLOT:
            self.slots.append([now // SLOT, 0])
        self.slots[-1][1] = max(0, self.slots[-1][1] + cost)

    def wait(self, wanted: int, now: int) -> int:
        free = self.limit - sum(count for _, count in self.slots)
        freed = accumulate((count for _, count in self.slots), initial=free)
        if next(freed) >= wanted:
            return 0
        for (slot, _), room in zip(self.slots, freed, strict=True):
            if room >= wanted:
                return (slot + 1) * SLOT + self.period - now
        return 0


class LocalLimits:
    """Buckets and windows in memory. Each of the `workers` gives out its share of every limit."""

    kinds: ClassVar[dict[Kind, type[Bucket | Window]]] = {Kind.BUCKET: Bucket, Kind.WINDOW: Window}

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._kept: OrderedDict[tuple[str, str], Bucket | Window] = OrderedDict()

    def judge(self, checks: Sequence[Check], now: int) -> list[Standing]:
        """Takes of all limits, or of none where one of them has too little left. `now` is in ms."""
        states = [self._state(check, now) for check in checks]
        admits = [check.cost <= state.room() for check, state in zip(checks, states, strict=True)]
        if all(admits):
            for check, state in zip(checks, states, strict=True):
                state.take(check.cost, now)
        return [
            Standing(admitted, room, state.wait(room + 1, now) if room < state.limit else 0)
            for admitted, state in zip(admits, states, strict=True)
            for room in [state.room()]
        ]

    def forget(self) -> None:
        self._kept.clear()

    def _state(self, check: Check, now: int) -> Bucket | Window:
        name = check.tag, check.key
        state = self._kept.get(name)
        if state is None:
            share = max(1, check.limit // self._workers)
            state = self._kept[name] = self.kinds[check.kind](share, check.seconds * 1000)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        state.settle(now)
        return state
