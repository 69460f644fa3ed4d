"""A time limit for work that seldom has to wait: its clock is set only when it does.

Nearly every body is there, whole, when it is asked for. To set a timer and to take it
back would cost such a request more than all else that is done to read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. Raises TimeoutError where it has waited longer than that, and ends it."""
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Resumed(work, waits_for)


class _Resumed(Generator[Any, Any, T]):
    """The rest of a coroutine that has run up to the first thing that it waits for."""

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._work = work
        self._told = [waits_for]

    def __await__(self) -> Generator[Any, Any, T]:
        return self

    def send(self, value: Any) -> Any:
        # The event loop has yet to be told of the first thing.
        return self._told.pop() if self._told else self._work.send(value)

    def throw(self, *error: Any) -> Any:
        return self._work.throw(*error)
