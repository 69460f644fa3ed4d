"""The one way from Flask's threads to the services, which live on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from cloudmetrics.platform.errors import Unavailable

Result = TypeVar("Result")

# Beyond what the database is waited for.
PATIENCE_SECONDS = 25.0


class Bridge:
    """Runs a service's coroutine on the loop, while the thread that asks waits for it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop, once the process has one; until then nothing can be asked."""
        self._loop = loop

    def __call__(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the coroutine returns or raises. Raises Unavailable where it takes too long."""
        assert self._loop is not None, "the application has not started"
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(PATIENCE_SECONDS)
        except TimeoutError:
            future.cancel()
            raise Unavailable("The service takes too long.") from None
