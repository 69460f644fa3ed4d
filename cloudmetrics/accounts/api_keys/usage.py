"""When keys were last used: noted in memory, and written together now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from cloudmetrics.accounts.api_keys import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable

SECONDS = 30.0


class LastUsed:
    """A request costs an entry in a dictionary, and a busy key one row every SECONDS."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: dict[UUID, dict[UUID, datetime]] = {}

    def note(self, workspace_id: UUID, key_id: UUID) -> None:
        self._used.setdefault(workspace_id, {})[key_id] = clock.now()

    async def flush(self) -> None:
        """Writes what was noted. What cannot be written now is kept for the next time."""
        used, self._used = self._used, {}
        for workspace_id, keys in used.items():
            try:
                await store.touch(self._database, workspace_id, keys)
            except Unavailable:
                newer = self._used.get(workspace_id, {})
                self._used[workspace_id] = keys | newer

    @asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """Flushes every SECONDS while the block lasts, and at its end."""
        task = asyncio.ensure_future(self._repeat())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.flush()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            await self.flush()
