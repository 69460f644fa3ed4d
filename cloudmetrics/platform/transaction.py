"""An open transaction, alone or as a part of a larger one: the work of a whole request.

    async with database.work(workspace_id) as work:     BEGIN
        async with tenant.transaction() as transaction:     SAVEPOINT
            ...                                              RELEASE, or ROLLBACK TO where it raises
        await work.execute(...)
                                                         COMMIT

Whatever is read or written while a piece of work is open, in its task, is part of it
without being told: the services and stores stay as they are. A task of its own context,
such as the one that stores events, stands apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from uuid import UUID

import psycopg

from cloudmetrics.platform.connection import (
    NOBODY,
    Connection,
    Parameters,
    Row,
    answered,
    as_tenant,
    bound,
    prepare,
    require_health,
    results_of,
    rows_of,
    send,
    unavailable,
)
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.prepared import Call

# Statements are prepared at their first call, when tables may still be empty: planned
# by indexes and row by row, which stays right however large the tables become.
LASTING_PLANS = """
SELECT
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_memoize', 'off', true)
"""


class Transaction:
    """An open transaction. Count the rows of RETURNING, since row counts do not add up on every cluster."""

    def __init__(
        self, connection: Connection, workspace_id: UUID, first: list[list[tuple[Any, ...]]] | None = None
    ) -> None:
        self._connection = connection
        # The rows of each of the calls that came with its beginning, as tuples.
        self.first = first or []
        self.workspace_id = workspace_id
        self.tenants = {workspace_id} - {NOBODY}
        self.is_over = False

    async def fetch(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        cursor = await self._run(sql, parameters)
        return await cursor.fetchall()

    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        cursor = await self._run(sql, parameters)
        return await cursor.fetchone()

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        await self._run(sql, parameters)

    async def _run(self, sql: str, parameters: Parameters | None) -> psycopg.AsyncCursor[Row]:
        return await answered(self._connection.execute(sql, parameters or {}))

    def bind(self, sql: str, parameters: Parameters) -> str:
        """A statement with its values in it, to stand in another one that is executed."""
        return bound(self._connection, sql, parameters).replace("%", "%%")

    async def call(self, calls: Sequence[Call]) -> list[list[tuple[Any, ...]]]:
        """The rows of each of the calls, all in one message."""
        await prepare(self._connection, calls)
        return await answered(send(self._connection, [LASTING_PLANS], calls))

    async def commit(self, last: Sequence[Call]) -> None:
        """Ends the transaction with some calls, all in one message.

        It leaves the versions of workspaces as they are: that is for events, which come
        by the thousand and change those of their websites.
        """
        await prepare(self._connection, last)
        await answered(send(self._connection, [], last, *self._ends()))
        self.is_over = True

    async def undo(self) -> None:
        """Ends the transaction as if it had never been."""
        await answered(self._connection.rollback())
        self.is_over = True

    async def switch_tenant(self, workspace_id: UUID) -> None:
        """Goes on as another tenant, where one deed touches two: a workspace and its sandbox."""
        await self._run(as_tenant(workspace_id), None)
        self.workspace_id = workspace_id
        self.tenants |= {workspace_id} - {NOBODY}

    def _ends(self) -> list[str]:
        return ["COMMIT"]


class Part(Transaction):
    """A transaction within a piece of work: a savepoint. It stands only if the whole does."""

    def __init__(self, work: Work, name: str, workspace_id: UUID, first: list[list[tuple[Any, ...]]]) -> None:
        super().__init__(work._connection, workspace_id, first)
        self._work = work
        self._before = work.workspace_id
        self._name = name
        work.workspace_id = workspace_id
        work.tenants |= self.tenants

    async def switch_tenant(self, workspace_id: UUID) -> None:
        await super().switch_tenant(workspace_id)
        self._work.workspace_id = workspace_id
        self._work.tenants |= self.tenants

    async def undo(self) -> None:
        self._work.workspace_id = self._before
        await self._say(f"ROLLBACK TO SAVEPOINT {self._name}", f"RELEASE SAVEPOINT {self._name}")
        self.is_over = True

    async def keep(self) -> None:
        require_health(self._connection)
        await self._say(*self._ends())

    async def _say(self, *statements: str) -> None:
        await answered(self._connection.execute("; ".join(statements)))

    def _ends(self) -> list[str]:
        # What SET LOCAL says outlives its savepoint, and would be the tenant of whatever comes next.
        self._work.workspace_id = self._before
        return [f"RELEASE SAVEPOINT {self._name}", as_tenant(self._before)]


class Work(Transaction):
    """The one transaction of a request, which whatever the request reads or writes is part of."""

    def __init__(self, connection: Connection, workspace_id: UUID, owner: object) -> None:
        super().__init__(connection, workspace_id)
        # The pool whose connection this is; another pool's transactions stand apart.
        self.owner = owner
        self._names = count()

    @asynccontextmanager
    async def part(self, workspace_id: UUID, first: Sequence[Call] = ()) -> AsyncIterator[Transaction]:
        """A part that is undone alone where the block raises. Raises Unavailable."""
        name = f"part_{next(self._names)}"
        beginning = [f"SAVEPOINT {name}", as_tenant(workspace_id), *([LASTING_PLANS] if first else ())]
        try:
            await prepare(self._connection, first)
            rows = await answered(send(self._connection, beginning, first))
            part = Part(self, name, workspace_id, rows)
            try:
                yield part
                if not part.is_over:
                    await part.keep()
            except BaseException:
                await _take_back(part)
                raise
        except psycopg.OperationalError as error:
            raise unavailable(error) from error

    async def read(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None, settings: Sequence[str]
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """What a SELECT of some tenant answers, with what was written so far. Raises psycopg's errors."""
        before = ["SAVEPOINT reading", as_tenant(workspace_id), *settings]
        # Going back takes the tenant and the settings along.
        after = ["ROLLBACK TO SAVEPOINT reading", "RELEASE SAVEPOINT reading"]
        async with self._connection.lock:
            text = bound(self._connection, sql, parameters)
            try:
                results = await results_of(self._connection, [*before, text, *after])
            except psycopg.Error:
                if not self._connection.closed:
                    await results_of(self._connection, after)
                raise
            return rows_of(self._connection, results[len(before)])


async def _take_back(part: Part) -> None:
    """Undoes a part whose block raised. What cannot even be undone takes the whole with it."""
    if part.is_over:
        return
    try:
        await part.undo()
    except (psycopg.Error, Unavailable):
        await part._connection.close()


current_work: ContextVar[Work | None] = ContextVar("current_work", default=None)
