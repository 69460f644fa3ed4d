"""When keys were last used: noted in memory, and written together now and then."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from cloudmetrics.accounts.api_keys import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.flushing import flushing

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

    def flushing(self) -> AbstractAsyncContextManager[None]:
        """Flushes every SECONDS while the block lasts, and at its end."""
        return flushing(self.flush, SECONDS)
