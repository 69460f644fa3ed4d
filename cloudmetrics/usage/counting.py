"""Requests, counted in memory and written together now and then.

A request costs an entry in a dictionary. A process that is killed loses what it
counted in the last SECONDS; one that stops in order loses nothing, and while
PostgreSQL is away everything waits. Only where the connection breaks during a
commit can the requests of one flush be counted twice.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.flushing import flushing
from cloudmetrics.usage import store
from cloudmetrics.usage.models import Counted

SECONDS = 5.0


class RequestCounter:
    """What this process has answered and not yet written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[UUID, Counter[Counted]] = {}

    def count(self, caller: Caller, operation: str, status: int) -> None:
        """Counts an answered request of somebody who is known."""
        kind, credential_id = caller.credential_kind, caller.credential_id
        if kind is None or credential_id is None:
            return
        counts = self._counts.get(caller.tenant.workspace_id)
        if counts is None:
            counts = self._counts[caller.tenant.workspace_id] = Counter()
        counts[Counted(clock.now_of(caller.tenant).date(), operation, credential_id, status, kind)] += 1

    async def flush(self) -> None:
        """Writes what was counted. What cannot be written now is kept for the next time."""
        for workspace_id in list(self._counts):
            counts = self._counts.pop(workspace_id)
            try:
                await store.add(self._database, workspace_id, counts)
            except Unavailable:
                self._counts.setdefault(workspace_id, Counter()).update(counts)

    def flushing(self) -> AbstractAsyncContextManager[None]:
        """Flushes every SECONDS while the block lasts, and at its end."""
        return flushing(self.flush, SECONDS)
