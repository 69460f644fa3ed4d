"""Writing now and then what was noted in memory meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

logger = logging.getLogger(__name__)


@asynccontextmanager
async def flushing(flush: Callable[[], Awaitable[None]], seconds: float) -> AsyncIterator[None]:
    """Flushes every so often while the block lasts, and at its end.

    A flush is never cut short, so that nobody has to wonder how far it came.
    """
    ended = asyncio.Event()
    task = asyncio.ensure_future(_repeat(flush, seconds, ended))
    try:
        yield
    finally:
        ended.set()
        await task


async def _repeat(flush: Callable[[], Awaitable[None]], seconds: float, ended: asyncio.Event) -> None:
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), seconds)
        try:
            await flush()
        except Exception:
            # What was noted since is worth the next try.
            logger.exception("what was noted could not be written")
