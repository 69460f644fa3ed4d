"""Waiting for what happens elsewhere.

The machine may be busy with other things: who waits is patient, and a test that is done in
time is as quick as ever. How quick it must be is for the bench to say.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 60.0


def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Waits for a condition; `what` is said of it where it is not met."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not {what} within {patience:g} s"
        time.sleep(0.05)


async def eventually(condition: Callable[[], bool | Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Waits for a condition while the event loop goes on. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while not await met(condition):
            await asyncio.sleep(0.02)


async def met(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = condition()
    return await answer if isinstance(answer, Awaitable) else answer
