"""PostgreSQL behind a fence: every statement runs as one tenant, or as none.

Connections belong to the role `cloudmetrics_api`, which owns no table and cannot
bypass row-level security. A transaction names its tenant with `SET LOCAL`; one
that names none carries the nil UUID, which owns nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus

from cloudmetrics.platform.changes import store as changes
from cloudmetrics.platform.connection import (
    NOBODY,
    ROLE,
    Connection,
    Parameters,
    Row,
    answered,
    as_tenant,
    bound,
    commit,
    connect,
    prepare,
    results_of,
    rows_of,
    send,
    unavailable,
    undo,
)
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable
from cloudmetrics.platform.prepared import Call
from cloudmetrics.platform.transaction import LASTING_PLANS, Transaction, Work, current_work
from cloudmetrics.platform.turns import Turns

__all__ = [
    "COVERED",
    "HASHED",
    "HEAVY",
    "LASTING_PLANS",
    "NOBODY",
    "ROLE",
    "Database",
    "Row",
    "Tenant",
    "Transaction",
    "Work",
    "connect",
]

WAIT_SECONDS = 5.0
# After so many transactions with a snapshot, which cannot tidy up after themselves, somebody does.
TIDY_AFTER = 16
# For a read that joins: joins over keys of several columns look as if next to nothing came out
# of them, and then each row is compared with each.
HASHED = ("SET LOCAL enable_nestloop = off",)
# For one that goes through very many rows besides, all of them in indexes.
COVERED = (*HASHED, "SET LOCAL work_mem = '64MB'")
# For one that goes through those of a table: they look as if they lay side by side where they
# do in an index, and then a page of the table is fetched per row.
HEAVY = (*COVERED, "SET LOCAL enable_indexscan = off")


class Database:
    """A pool of connections, opened when they are needed.

    It is a pool of our own because it has to heal at once: a connection that
    died is replaced on the spot, and where that fails the caller hears so
    immediately instead of waiting for a background worker's next attempt.
    """

    def __init__(self, url: str, pool_size: int = 4) -> None:
        self._url = url
        self._turns = Turns(pool_size)
        self._idle: list[Connection] = []
        self._untidy = 0

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def ping(self) -> None:
        """Raises Unavailable when PostgreSQL does not answer."""
        await self.read_directory("SELECT 1 AS answer")

    async def read(
        self,
        workspace_id: UUID,
        sql: str,
        parameters: Parameters | None = None,
        *,
        seconds: float | None = None,
        settings: Sequence[str] = (),
    ) -> list[Row]:
        """The rows of one SELECT, as the tenant sees them. Raises Unavailable.

        With `seconds` the SELECT has a time limit of its own, and raises QueryTooSlow
        when that is over: the question is to blame then, not the database. A read
        that is cancelled is ended in PostgreSQL too. `settings` may be HASHED, COVERED or HEAVY.
        """
        limit = [] if seconds is None else [f"SET LOCAL statement_timeout = {int(1000 * seconds)}"]
        try:
            names, rows = await self._read(workspace_id, sql, parameters, [*limit, *settings])
        except psycopg.errors.QueryCanceled as error:
            if seconds is None:
                raise unavailable(error) from error
            raise QueryTooSlow(seconds) from error
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def read_tuples(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None = None
    ) -> list[tuple[Any, ...]]:
        """Like `read`, each row a tuple in the order of its columns: for pages of many rows."""
        try:
            return (await self._read(workspace_id, sql, parameters))[1]
        except psycopg.errors.QueryCanceled as error:
            raise unavailable(error) from error

    async def _read(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None, settings: Sequence[str] = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns, and the rows. Raises Unavailable and QueryCanceled.

        The whole transaction travels as one message, so the values are bound on this side of the wire.
        """
        if (work := self._current()) is not None:
            return await _read_in(work, workspace_id, sql, parameters, settings)
        before = ["BEGIN READ ONLY", as_tenant(workspace_id), *settings]
        await self._enter()
        try:
            while True:
                connection, fresh = await self._take()
                try:
                    # The tenant is added after binding, which caches what it finds out about a statement.
                    text = bound(connection, sql, parameters)
                    results = await results_of(connection, [*before, text, "COMMIT"])
                    return rows_of(connection, results[len(before)])
                except psycopg.errors.QueryCanceled:
                    raise
                except psycopg.OperationalError as error:
                    # An idle connection may have died unnoticed; reading twice does no harm.
                    if fresh or not connection.closed:
                        raise unavailable(error) from error
                finally:
                    await self._give_back(connection)
        finally:
            self._turns.give_back()

    async def read_directory(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """The rows of one SELECT without a tenant, which sees only the directory tables."""
        return await self.read(NOBODY, sql, parameters)

    @asynccontextmanager
    async def transaction(self, workspace_id: UUID, first: Sequence[Call] = ()) -> AsyncIterator[Transaction]:
        """A transaction of one tenant: committed when the block ends, undone when it raises.

        The calls in `first` travel with its beginning; their rows are `Transaction.first`.
        Within a piece of work it is a part of that, and committed with it. Raises
        Unavailable. Whether a transaction was committed whose connection broke during
        the commit is then not known.
        """
        if (work := self._current()) is not None:
            async with work.part(workspace_id, first) as part:
                yield part
            return
        async with self._connected("BEGIN", workspace_id, first) as (connection, rows):
            transaction = Transaction(connection, workspace_id, rows)
            yield transaction
            if not transaction.is_over:
                await commit(connection, changes.statements(connection, transaction.tenants, alone=True))

    @asynccontextmanager
    async def work(self, workspace_id: UUID, *, snapshot: bool = False) -> AsyncIterator[Work]:
        """One transaction for all that is read and written in this task while the block lasts.

        With `snapshot`, all of it sees one moment, and whoever would overwrite what
        somebody else changed since then gets Overtaken instead. Within a piece of work it
        is that one, and whoever began it commits. Raises Unavailable.
        """
        if (present := self._current()) is not None:
            yield present
            return
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ" if snapshot else "BEGIN"
        async with self._connected(begin, workspace_id, ()) as (connection, _):
            work = Work(connection, workspace_id, self)
            token = current_work.set(work)
            try:
                yield work
                await commit(connection, changes.statements(connection, work.tenants, alone=not snapshot))
            finally:
                work.is_over = True
                current_work.reset(token)
        if snapshot:
            await self._tidy(workspace_id)

    async def _tidy(self, workspace_id: UUID) -> None:
        """Takes away the notes of changes that transactions with a snapshot left, from time to time."""
        self._untidy += 1
        if self._untidy % TIDY_AFTER == 0:
            async with self.transaction(workspace_id):
                pass  # Its own note comes in the place of all.

    @property
    def is_at_work(self) -> bool:
        """Whether a piece of work is open in this task."""
        return self._current() is not None

    def _current(self) -> Work | None:
        """The work that is open in this task, where it is on this database."""
        work = current_work.get()
        return work if work is not None and work.owner is self and not work.is_over else None

    @asynccontextmanager
    async def _connected(
        self, begin: str, workspace_id: UUID, first: Sequence[Call]
    ) -> AsyncIterator[tuple[Connection, list[list[tuple[Any, ...]]]]]:
        """A connection in a transaction, which is undone where the block raises."""
        await self._enter()
        try:
            beginning = [begin, as_tenant(workspace_id), *([LASTING_PLANS] if first else ())]
            connection, rows = await self._begin(beginning, first)
            try:
                try:
                    yield connection, rows
                except BaseException:
                    await undo(connection)
                    raise
            except psycopg.OperationalError as error:
                raise unavailable(error) from error
            finally:
                await self._give_back(connection)
        finally:
            self._turns.give_back()

    async def _begin(
        self, beginning: Sequence[str], first: Sequence[Call]
    ) -> tuple[Connection, list[list[tuple[Any, ...]]]]:
        while True:
            connection, fresh = await self._take()
            try:
                await prepare(connection, first)
                return connection, await answered(send(connection, beginning, first))
            except psycopg.OperationalError as error:
                await self._give_back(connection)
                if fresh or not connection.closed:
                    raise unavailable(error) from error
            except BaseException:
                await self._give_back(connection)
                raise

    async def _enter(self) -> None:
        """Waits for its turn where all connections are at work. Whoever entered must give it back."""
        try:
            await self._turns.take(WAIT_SECONDS)
        except TimeoutError:
            raise Unavailable("All connections to the database are busy.") from None

    async def _take(self) -> tuple[Connection, bool]:
        """A connection, and whether it is new."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection, False
        try:
            return await connect(self._url), True
        except psycopg.Error as error:
            raise unavailable(error) from error

    async def _give_back(self, connection: Connection) -> None:
        if connection.pgconn.transaction_status == TransactionStatus.INERROR:
            await undo(connection)
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Tenant:
    """One workspace's rows, and nothing else. `ahead` is how far its clock was moved."""

    database: Database
    workspace_id: UUID
    ahead: timedelta = timedelta()

    async def read(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        seconds: float | None = None,
        settings: Sequence[str] = (),
    ) -> list[Row]:
        """As Database.read says."""
        return await self.database.read(
            self.workspace_id, sql, parameters, seconds=seconds, settings=settings
        )

    async def read_tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        return await self.database.read_tuples(self.workspace_id, sql, parameters)

    def transaction(self, first: Sequence[Call] = ()) -> AbstractAsyncContextManager[Transaction]:
        return self.database.transaction(self.workspace_id, first)


async def _read_in(
    work: Work, workspace_id: UUID, sql: str, parameters: Parameters | None, settings: Sequence[str]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    try:
        return await work.read(workspace_id, sql, parameters, settings)
    except psycopg.errors.QueryCanceled:
        raise
    except psycopg.OperationalError as error:
        raise unavailable(error) from error
