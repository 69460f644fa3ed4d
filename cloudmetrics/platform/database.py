"""PostgreSQL behind a fence: every statement runs as one tenant, or as none.

Connections belong to the role `cloudmetrics_api`, which owns no table and cannot
bypass row-level security. A transaction names its tenant with `SET LOCAL`; one
that names none carries the nil UUID, which owns nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import generators
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import dict_row

from cloudmetrics.platform.errors import Unavailable

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Parameters = Mapping[str, Any]
Connection = psycopg.AsyncConnection[Row]
Result = TypeVar("Result")

ROLE = "cloudmetrics_api"
NOBODY = UUID(int=0)
CONNECT_SECONDS = 3
WAIT_SECONDS = 5.0
# PostgreSQL ends a statement after the first of these; where it hangs so badly that
# it does not even do that, it is given up after the second.
STATEMENT_SECONDS = 15
ANSWER_SECONDS = 20.0


class Database:
    """A pool of connections, opened when they are needed.

    It is a pool of our own because it has to heal at once: a connection that
    died is replaced on the spot, and where that fails the caller hears so
    immediately instead of waiting for a background worker's next attempt.
    """

    def __init__(self, url: str, pool_size: int = 4) -> None:
        self._url = url
        self._slots = asyncio.Semaphore(pool_size)
        self._idle: list[Connection] = []

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def ping(self) -> None:
        """Raises Unavailable when PostgreSQL does not answer."""
        await self.read_directory("SELECT 1 AS answer")

    async def read(self, workspace_id: UUID, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """The rows of one SELECT, as the tenant sees them. Raises Unavailable."""
        names, rows = await self._read(workspace_id, sql, parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def read_tuples(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None = None
    ) -> list[tuple[Any, ...]]:
        """Like `read`, each row a tuple in the order of its columns: for pages of many rows."""
        return (await self._read(workspace_id, sql, parameters))[1]

    async def _read(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns, and the rows.

        The whole transaction travels as one message, so the values are bound on this side of the wire.
        """
        await self._enter()
        try:
            while True:
                connection, fresh = await self._take()
                try:
                    # The tenant is added after binding, which caches what it finds out about a statement.
                    bound = psycopg.AsyncClientCursor(connection).mogrify(sql, parameters or {})
                    statement = f"BEGIN READ ONLY; {_as_tenant(workspace_id)}; {bound}; COMMIT"
                    # The results of BEGIN and SET LOCAL come first.
                    _, _, selected, *_ = await _results(connection, statement)
                    return _rows(connection, selected)
                except psycopg.OperationalError as error:
                    # An idle connection may have died unnoticed; reading twice does no harm.
                    if fresh or not connection.closed:
                        raise _unavailable(error) from error
                finally:
                    await self._give_back(connection)
        finally:
            self._slots.release()

    async def read_directory(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """The rows of one SELECT without a tenant, which sees only the directory tables."""
        return await self.read(NOBODY, sql, parameters)

    @asynccontextmanager
    async def transaction(self, workspace_id: UUID) -> AsyncIterator[Transaction]:
        """A transaction of one tenant: committed when the block ends, undone when it raises.

        Raises Unavailable. Whether a transaction was committed whose connection
        broke during the commit is then not known.
        """
        await self._enter()
        try:
            connection = await self._begin(workspace_id)
            try:
                try:
                    yield Transaction(connection)
                    await _commit(connection)
                except BaseException:
                    await _undo(connection)
                    raise
            except psycopg.OperationalError as error:
                raise _unavailable(error) from error
            finally:
                await self._give_back(connection)
        finally:
            self._slots.release()

    async def _begin(self, workspace_id: UUID) -> Connection:
        while True:
            connection, fresh = await self._take()
            try:
                await _answered(connection.execute(f"BEGIN; {_as_tenant(workspace_id)}"))
                return connection
            except psycopg.OperationalError as error:
                await self._give_back(connection)
                if fresh or not connection.closed:
                    raise _unavailable(error) from error
            except BaseException:
                await self._give_back(connection)
                raise

    async def _enter(self) -> None:
        """Waits for its turn where all connections are at work. Whoever entered must release its slot."""
        try:
            # A timeout costs more than a free slot does.
            async with asyncio.timeout(WAIT_SECONDS) if self._slots.locked() else nullcontext():
                await self._slots.acquire()
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
            raise _unavailable(error) from error

    async def _give_back(self, connection: Connection) -> None:
        if connection.pgconn.transaction_status == TransactionStatus.INERROR:
            await _undo(connection)
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            await connection.close()


class Transaction:
    """An open transaction. Count the rows of RETURNING, since row counts do not add up on every cluster."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        cursor = await self._run(sql, parameters)
        return await cursor.fetchall()

    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        cursor = await self._run(sql, parameters)
        return await cursor.fetchone()

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        await self._run(sql, parameters)

    async def _run(self, sql: str, parameters: Parameters | None) -> psycopg.AsyncCursor[Row]:
        return await _answered(self._connection.execute(sql, parameters or {}))

    async def switch_tenant(self, workspace_id: UUID) -> None:
        """Goes on as another tenant, where one deed touches two: a workspace and its sandbox."""
        await self._run(_as_tenant(workspace_id), None)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One workspace's rows, and nothing else."""

    database: Database
    workspace_id: UUID

    async def read(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        return await self.database.read(self.workspace_id, sql, parameters)

    async def read_tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        return await self.database.read_tuples(self.workspace_id, sql, parameters)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self.database.transaction(self.workspace_id)


def _as_tenant(workspace_id: UUID) -> str:
    # A distributed PostgreSQL passes on only a literal. This one cannot be hostile:
    # the number of a UUID is formatted anew.
    return f"SET LOCAL app.workspace_id = '{UUID(int=workspace_id.int)}'"


async def connect(url: str) -> Connection:
    """A connection of our role, in autocommit and without a tenant. Raises psycopg.OperationalError."""
    # What the URL itself sets comes last, and so wins.
    options = (
        f"-c role={ROLE} -c app.workspace_id={NOBODY} -c timezone=UTC "
        f"-c statement_timeout={STATEMENT_SECONDS}s -c idle_in_transaction_session_timeout=30s "
        f"{conninfo_to_dict(url).get('options') or ''}"
    )
    return await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        options=options,
        application_name="cloudmetrics",
        connect_timeout=CONNECT_SECONDS,
        # A plan that was prepared while the tables were small is used long after they grew.
        prepare_threshold=None,
    )


async def _results(connection: Connection, statements: str) -> list[PGresult]:
    """What the statements of one message answer. Without a cursor, it costs half of the time.

    Raises the error of the first statement that fails.
    """
    connection.pgconn.send_query(statements.encode())
    results: list[PGresult] = await connection.wait(
        generators.execute(connection.pgconn), timeout=ANSWER_SECONDS
    )
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)
    return results


def _rows(connection: Connection, result: PGresult) -> tuple[list[str], list[tuple[Any, ...]]]:
    transformer = psycopg.adapt.Transformer(connection)
    transformer.set_pgresult(result)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return names, transformer.load_rows(0, result.ntuples, tuple)


async def _commit(connection: Connection) -> None:
    if connection.info.transaction_status is TransactionStatus.INERROR:
        # PostgreSQL would answer COMMIT with a rollback, and nobody would notice.
        raise RuntimeError("a statement of this transaction failed, and its error was swallowed")
    await _answered(connection.commit())


async def _undo(connection: Connection) -> None:
    try:
        await _answered(connection.rollback())
    except (psycopg.Error, Unavailable):
        await connection.close()


async def _answered(work: Awaitable[Result]) -> Result:
    """Raises Unavailable where PostgreSQL is there but never answers."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await work
    except TimeoutError:
        raise Unavailable("The database does not answer.") from None


def _unavailable(error: psycopg.Error) -> Unavailable:
    logger.warning("database unavailable", extra={"sqlstate": error.sqlstate, "reason": type(error).__name__})
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Unavailable(f"The database did not answer within {STATEMENT_SECONDS} s.")
    return Unavailable("The database cannot be reached.")
