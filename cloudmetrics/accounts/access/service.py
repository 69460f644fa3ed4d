"""How a revoked key is dead within a second in every process, without any of them asking about each key.

A process remembers what a credential may do. Whoever changes that writes a row
about it in the same transaction (`note`), and every process reads those rows
a few times a second (`Changes`): one small query, however many keys are in use. What
was looked up before a change was noticed is forgotten. PostgreSQL alone is the
truth, so nothing has to reach Redis, or the other processes, for a key to end.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from uuid import UUID

from cloudmetrics.accounts.access import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.ids import new_id

# How old the knowledge of changes may be, in seconds; and from when on it is renewed, so that hardly
# anybody has to wait for that.
FRESH, AGING = 0.5, 0.25
# How long anything may be remembered that no change was heard of.
MEMORY = 60.0
# Longer than MEMORY, by more than clocks differ and a transaction can last.
WINDOW = timedelta(minutes=5)


async def note(transaction: Transaction, subject_id: UUID) -> None:
    """Makes every process ask anew about a key, a workspace, or whatever else this is the id of."""
    await store.note(transaction, new_id(), subject_id, clock.now())


async def forget_old(database: Database) -> None:
    """Removes changes that no process remembers anything from before of."""
    async with database.transaction(NOBODY) as transaction:
        await store.forget(transaction, clock.now() - 2 * WINDOW)


class Changes:
    """What changed lately, as far as this process has noticed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # By the change's id: what changed, and when this process noticed.
        self._noticed: dict[UUID, tuple[UUID, float]] = {}
        self._latest: dict[UUID, float] = {}
        self._as_of = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Sees to it that no change is missing that was committed FRESH seconds ago. Raises Unavailable."""
        now = time.monotonic()
        if self._as_of < now - AGING:
            self._renewed()
        while self._as_of < now - FRESH:
            # Who leaves must not take the answer away from the others.
            await asyncio.shield(self._renewed())

    def _renewed(self) -> asyncio.Task[None]:
        """The look that is on its way."""
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())
            self._looking.add_done_callback(self._looked)
        return self._looking

    def since(self, moment: float, *subjects: UUID) -> bool:
        """Whether any of these changed after a moment of the monotonic clock, or as little before
        that a question of that moment may not have seen it.
        """
        return any(self._latest.get(subject, float("-inf")) >= moment for subject in subjects)

    async def _look(self) -> None:
        begun = time.monotonic()
        found = await store.recent(self._database, clock.now() - WINDOW)
        now = time.monotonic()
        self._noticed = {
            change: self._noticed.get(change, (subject, now)) for change, subject in found.items()
        }
        # A later entry of the same subject wins, since none is noticed before an earlier one.
        self._latest = {}
        for subject, noticed in self._noticed.values():
            self._latest[subject] = max(noticed, self._latest.get(subject, noticed))
        self._as_of = begun

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if not task.cancelled():
            task.exception()  # Those who wait for it raise it; if nobody does, it is not worth a word.
