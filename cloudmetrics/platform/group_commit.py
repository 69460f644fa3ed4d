"""Group commit: what arrives while the last group is being stored makes up the next one.

Nobody waits for a group to fill, so a lone item is stored at once; under load
the groups grow by themselves, and the cost of a transaction is shared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from cloudmetrics.platform.errors import Unavailable

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    result: asyncio.Future[Result]


class GroupCommit(Generic[Key, Item, Result]):
    """Stores items in groups: one group at a time per key, keys beside each other.

    `store` stores the items of a group, all or none, and returns their results in
    the same order. `weigh` says how much of a group, `most` at most, an item takes up.
    """

    def __init__(
        self,
        store: Callable[[Key, list[Item]], Awaitable[list[Result]]],
        *,
        weigh: Callable[[Item], int],
        most: int,
    ) -> None:
        self._store = store
        self._weigh = weigh
        self._most = most
        self._lanes: dict[Key, deque[_Waiting[Item, Result]]] = {}
        self._writers: set[asyncio.Task[None]] = set()

    async def submit(self, key: Key, item: Item) -> Result:
        """The result of an item once it is stored. Raises what storing it raises.

        A caller that is cancelled takes back its item only if that is still
        waiting; the others of its group are never touched.
        """
        waiting: _Waiting[Item, Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = deque()
            # In a context of its own, since it does not work for this caller alone.
            writer = asyncio.get_running_loop().create_task(self._empty(key, lane), context=Context())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        lane.append(waiting)
        return await waiting.result

    async def _empty(self, key: Key, lane: deque[_Waiting[Item, Result]]) -> None:
        try:
            while lane:
                group = self._take(lane)
                try:
                    await self._settle(key, group)
                finally:
                    # Only a writer that was cancelled itself leaves any of them open.
                    _give_up(group)
        finally:
            del self._lanes[key]
            _give_up(lane)

    def _take(self, lane: deque[_Waiting[Item, Result]]) -> list[_Waiting[Item, Result]]:
        """The items that are next, at least one of them, without those that nobody waits for any more."""
        group: list[_Waiting[Item, Result]] = []
        room = self._most
        while lane:
            if not lane[0].result.done():
                room -= self._weigh(lane[0].item)
                if group and room < 0:
                    break
                group.append(lane[0])
            lane.popleft()
        return group

    async def _settle(self, key: Key, group: list[_Waiting[Item, Result]]) -> None:
        if not group:
            return
        try:
            results = await self._store(key, [waiting.item for waiting in group])
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable):
                # Each of them alone would meet the same absence.
                _fail(group, error)
                return
        else:
            for waiting, result in zip(group, results, strict=True):
                if not waiting.result.done():
                    waiting.result.set_result(result)
            return
        # Nothing of the group was stored. Alone, only the culprit fails.
        for waiting in group:
            await self._settle(key, [waiting])


def _fail(group: Iterable[_Waiting[Item, Result]], error: Exception) -> None:
    for waiting in group:
        if not waiting.result.done():
            waiting.result.set_exception(error)


def _give_up(group: Iterable[_Waiting[Item, Result]]) -> None:
    for waiting in group:
        waiting.result.cancel()
