"""Limits in Redis, where all workers count together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import orjson

from cloudmetrics.gateway.limits.models import Check, Standing
from cloudmetrics.platform.redis import Redis, Script

SCRIPT = Script(Path(__file__).with_name("buckets.lua").read_text(encoding="utf-8"))
REDIS_CLOCK: Callable[[], int] = lambda: 0  # noqa: E731

Waiting = list[tuple[Sequence[Check], "asyncio.Future[list[Standing]]"]]


class SharedLimits:
    """Judges requests by the limits in Redis. `clock` gives ms; 0 stands for Redis's own clock."""

    def __init__(self, redis: Redis, clock: Callable[[], int] = REDIS_CLOCK) -> None:
        self._redis = redis
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}
        self._flushing: set[asyncio.Task[None]] = set()

    async def judge(self, checks: Sequence[Check]) -> list[Standing]:
        """Takes of all limits, or of none where one of them has too little left.

        Whatever is asked for in one turn of the event loop travels together, and
        the requests of one workspace in one script, which its keys' common tag
        lets a cluster run as well. Raises Unavailable.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future: asyncio.Future[list[Standing]] = loop.create_future()
        self._waiting.setdefault(checks[0].tag, []).append((checks, future))
        return await future

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        task = asyncio.get_running_loop().create_task(self._judge_all(list(waiting.values())))
        # The loop itself holds tasks only weakly.
        self._flushing.add(task)
        task.add_done_callback(self._flushing.discard)

    async def _judge_all(self, groups: list[Waiting]) -> None:
        now = self._clock()
        try:
            answers = await self._redis.run(SCRIPT, [_call(group, now) for group in groups])
        except Exception as error:
            for _, future in chain.from_iterable(groups):
                if not future.done():
                    future.set_exception(error)
            return
        for group, answer in zip(groups, answers, strict=True):
            for (_, future), numbers in zip(group, answer, strict=True):
                if not future.done():
                    future.set_result(_standings(numbers))


def _call(group: Waiting, now: int) -> tuple[list[str], bytes]:
    """The keys and data of the script for the requests of one tag."""
    keys = [f"limit:{{{check.tag}}}:{check.key}" for checks, _ in group for check in checks]
    asked: list[object] = [now]
    for checks, _ in group:
        asked.append([part for _, _, _, kind, limit, seconds, cost in checks
                      for part in (kind, limit, seconds * 1000, cost)])  # fmt: skip
    return keys, orjson.dumps(asked)


def _standings(answer: Sequence[int]) -> list[Standing]:
    triples = zip(*[iter(answer)] * 3, strict=True)
    return [Standing(bool(admits), remaining, wait) for admits, remaining, wait in triples]
