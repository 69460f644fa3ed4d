"""A connection to PostgreSQL, and what can be said on one: several statements in one message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import generators
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import dict_row, tuple_row

from cloudmetrics.platform.errors import Overtaken, Unavailable
from cloudmetrics.platform.prepared import Call

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Parameters = Mapping[str, Any]

Result = TypeVar("Result")

ROLE = "cloudmetrics_api"
NOBODY = UUID(int=0)
CONNECT_SECONDS = 3
# PostgreSQL ends a statement after the first of these; where it hangs so badly that
# it does not even do that, it is given up after the second.
STATEMENT_SECONDS = 15
ANSWER_SECONDS = 20.0


class Connection(psycopg.AsyncConnection[Row]):
    """A connection that knows which statements it has prepared."""

    prepared: frozenset[str] = frozenset()

    @cached_property
    def binder(self) -> psycopg.AsyncClientCursor[Row]:
        """What puts values into statements, and never runs one: making it costs more than using it."""
        return psycopg.AsyncClientCursor(self)


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


def as_tenant(workspace_id: UUID) -> str:
    """The statement after which a transaction sees the rows of this workspace, and of no other."""
    # A distributed PostgreSQL passes on only a literal. This one cannot be hostile:
    # the number of a UUID is formatted anew.
    return f"SET LOCAL app.workspace_id = '{UUID(int=workspace_id.int)}'"


def bound(connection: Connection, sql: str, parameters: Parameters | None) -> str:
    """A statement with its values in it, fit to travel with others."""
    return connection.binder.mogrify(sql, parameters or {})


async def results_of(connection: Connection, statements: Iterable[str]) -> list[PGresult]:
    """What the statements of one message answer. Without a cursor, it costs half of the time.

    Raises the error of the first statement that fails.
    """
    connection.pgconn.send_query("; ".join(statements).encode())
    results: list[PGresult] = await connection.wait(
        generators.execute(connection.pgconn), timeout=ANSWER_SECONDS
    )
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)
    return results


def rows_of(connection: Connection, result: PGresult) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The names of a result's columns, and its rows."""
    transformer = psycopg.adapt.Transformer(connection)
    transformer.set_pgresult(result)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return names, transformer.load_rows(0, result.ntuples, tuple)


async def prepare(connection: Connection, calls: Sequence[Call]) -> None:
    """Prepares whatever of the calls' statements the connection does not know yet."""
    new = [call.statement for call in calls if call.statement.name not in connection.prepared]
    if new:
        await answered(connection.execute("; ".join(statement.definition for statement in new)))
        connection.prepared |= {statement.name for statement in new}


async def send(
    connection: Connection, beginning: Sequence[str], calls: Sequence[Call], *end: str
) -> list[list[tuple[Any, ...]]]:
    """Sends all in one message, and returns the rows of the calls."""
    cursor = psycopg.AsyncClientCursor(connection, row_factory=tuple_row)
    texts = [*beginning, *(cursor.mogrify(call.statement.execution, call.parameters) for call in calls), *end]
    await cursor.execute("; ".join(texts))
    for _ in beginning:
        cursor.nextset()
    answers = []
    for _ in calls:
        # `description` would say the same, but makes an object per column.
        has_rows = cursor.pgresult is not None and cursor.pgresult.nfields > 0
        answers.append(await cursor.fetchall() if has_rows else [])
        cursor.nextset()
    return answers


async def commit(connection: Connection, last: Sequence[str] = ()) -> None:
    """Ends the transaction with some statements, all in one message."""
    require_health(connection)
    await answered(connection.execute("; ".join([*last, "COMMIT"])))


async def undo(connection: Connection) -> None:
    """Ends the transaction as if it had never been; a connection that cannot even do that is closed."""
    try:
        await answered(connection.rollback())
    except (psycopg.Error, Unavailable):
        await connection.close()


def require_health(connection: Connection) -> None:
    """Raises RuntimeError where a statement of the transaction failed, and somebody swallowed its error."""
    if connection.info.transaction_status is TransactionStatus.INERROR:
        # PostgreSQL would answer COMMIT with a rollback, and nobody would notice.
        raise RuntimeError("a statement of this transaction failed, and its error was swallowed")


async def answered(work: Awaitable[Result], seconds: float = ANSWER_SECONDS) -> Result:
    """Raises Unavailable where PostgreSQL is there but never answers."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Unavailable("The database does not answer.") from None


def unavailable(error: psycopg.Error) -> Unavailable:
    """What an error of the connection means to whoever asked."""
    if isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        return Overtaken("Others changed the same things at the same moment.")
    logger.warning("database unavailable", extra={"sqlstate": error.sqlstate, "reason": type(error).__name__})
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Unavailable(f"The database did not answer within {STATEMENT_SECONDS} s.")
    return Unavailable("The database cannot be reached.")
