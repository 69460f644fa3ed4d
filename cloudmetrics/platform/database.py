"""PostgreSQL behind a fence: every statement runs as one tenant, or as none.

Connections belong to the role `cloudmetrics_api`, which owns no table and cannot
bypass row-level security. A transaction names its tenant with `SET LOCAL`; one
that names none carries the nil UUID, which owns nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import generators
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import dict_row, tuple_row

from cloudmetrics.platform.errors import QueryTooSlow, Unavailable
from cloudmetrics.platform.prepared import Call
from cloudmetrics.platform.turns import Turns

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Parameters = Mapping[str, Any]

Result = TypeVar("Result")

ROLE = "cloudmetrics_api"
NOBODY = UUID(int=0)
CONNECT_SECONDS = 3
WAIT_SECONDS = 5.0
# PostgreSQL ends a statement after the first of these; where it hangs so badly that
# it does not even do that, it is given up after the second.
STATEMENT_SECONDS = 15
ANSWER_SECONDS = 20.0
# For a read that joins: joins over keys of several columns look as if next to nothing came out
# of them, and then each row is compared with each.
HASHED = ("SET LOCAL enable_nestloop = off",)
# For one that goes through very many rows besides: those of a key's range look as if they lay
# side by side, and then a page of the table is fetched per row.
HEAVY = (*HASHED, "SET LOCAL enable_indexscan = off", "SET LOCAL work_mem = '64MB'")
# How prepared statements are planned, at their first call, when tables may still be empty:
# by indexes and row by row, which stays right however large the tables become.
LASTING_PLANS = """
SELECT
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_memoize', 'off', true)
"""


class Connection(psycopg.AsyncConnection[Row]):
    """A connection that knows which statements it has prepared."""

    prepared: frozenset[str] = frozenset()


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
        that is cancelled is ended in PostgreSQL too. `settings` may be HASHED or HEAVY.
        """
        limit = [] if seconds is None else [f"SET LOCAL statement_timeout = {int(1000 * seconds)}"]
        try:
            names, rows = await self._read(workspace_id, sql, parameters, [*limit, *settings])
        except psycopg.errors.QueryCanceled as error:
            if seconds is None:
                raise _unavailable(error) from error
            raise QueryTooSlow(seconds) from error
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def read_tuples(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None = None
    ) -> list[tuple[Any, ...]]:
        """Like `read`, each row a tuple in the order of its columns: for pages of many rows."""
        try:
            return (await self._read(workspace_id, sql, parameters))[1]
        except psycopg.errors.QueryCanceled as error:
            raise _unavailable(error) from error

    async def _read(
        self, workspace_id: UUID, sql: str, parameters: Parameters | None, settings: Sequence[str] = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns, and the rows. Raises Unavailable and QueryCanceled.

        The whole transaction travels as one message, so the values are bound on this side of the wire.
        """
        before = ["BEGIN READ ONLY", _as_tenant(workspace_id), *settings]
        await self._enter()
        try:
            while True:
                connection, fresh = await self._take()
                try:
                    # The tenant is added after binding, which caches what it finds out about a statement.
                    bound = psycopg.AsyncClientCursor(connection).mogrify(sql, parameters or {})
                    results = await _results(connection, "; ".join([*before, bound, "COMMIT"]))
                    return _rows(connection, results[len(before)])
                except psycopg.errors.QueryCanceled:
                    raise
                except psycopg.OperationalError as error:
                    # An idle connection may have died unnoticed; reading twice does no harm.
                    if fresh or not connection.closed:
                        raise _unavailable(error) from error
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
        Raises Unavailable. Whether a transaction was committed whose connection
        broke during the commit is then not known.
        """
        await self._enter()
        try:
            connection, rows = await self._begin(workspace_id, first)
            try:
                try:
                    transaction = Transaction(connection, rows)
                    yield transaction
                    if not transaction.is_over:
                        await _commit(connection)
                except BaseException:
                    await _undo(connection)
                    raise
            except psycopg.OperationalError as error:
                raise _unavailable(error) from error
            finally:
                await self._give_back(connection)
        finally:
            self._turns.give_back()

    async def _begin(
        self, workspace_id: UUID, first: Sequence[Call]
    ) -> tuple[Connection, list[list[tuple[Any, ...]]]]:
        beginning = ["BEGIN", _as_tenant(workspace_id), *([LASTING_PLANS] if first else ())]
        while True:
            connection, fresh = await self._take()
            try:
                await _prepare(connection, first)
                return connection, await _answered(_send(connection, beginning, first))
            except psycopg.OperationalError as error:
                await self._give_back(connection)
                if fresh or not connection.closed:
                    raise _unavailable(error) from error
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

    def __init__(self, connection: Connection, first: list[list[tuple[Any, ...]]]) -> None:
        self._connection = connection
        # The rows of each of the calls that came with its beginning, as tuples.
        self.first = first
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
        return await _answered(self._connection.execute(sql, parameters or {}))

    async def call(self, calls: Sequence[Call]) -> list[list[tuple[Any, ...]]]:
        """The rows of each of the calls, all in one message."""
        await _prepare(self._connection, calls)
        return await _answered(_send(self._connection, [LASTING_PLANS], calls))

    async def commit(self, last: Sequence[Call]) -> None:
        """Ends the transaction with some calls, all in one message."""
        await _prepare(self._connection, last)
        await _answered(_send(self._connection, [], last, "COMMIT"))
        self.is_over = True

    async def undo(self) -> None:
        """Ends the transaction as if it had never been."""
        await _answered(self._connection.rollback())
        self.is_over = True

    async def switch_tenant(self, workspace_id: UUID) -> None:
        """Goes on as another tenant, where one deed touches two: a workspace and its sandbox."""
        await self._run(_as_tenant(workspace_id), None)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One workspace's rows, and nothing else."""

    database: Database
    workspace_id: UUID

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
    return await Connection.connect(
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


async def _prepare(connection: Connection, calls: Sequence[Call]) -> None:
    new = [call.statement for call in calls if call.statement.name not in connection.prepared]
    if new:
        await _answered(connection.execute("; ".join(statement.definition for statement in new)))
        connection.prepared |= {statement.name for statement in new}


async def _send(
    connection: Connection, beginning: Sequence[str], calls: Sequence[Call], end: str = ""
) -> list[list[tuple[Any, ...]]]:
    """Sends all in one message, and returns the rows of the calls."""
    cursor = psycopg.AsyncClientCursor(connection, row_factory=tuple_row)
    texts = [*beginning, *(cursor.mogrify(call.statement.execution, call.parameters) for call in calls), end]
    await cursor.execute("; ".join(filter(None, texts)))
    for _ in beginning:
        cursor.nextset()
    answers = []
    for _ in calls:
        # `description` would say the same, but makes an object per column.
        has_rows = cursor.pgresult is not None and cursor.pgresult.nfields > 0
        answers.append(await cursor.fetchall() if has_rows else [])
        cursor.nextset()
    return answers


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
