"""procrastinate's way to PostgreSQL: through our own pool, which heals, and as our own role."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import psycopg.sql
from procrastinate import exceptions
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from psycopg.types.json import Jsonb

from cloudmetrics.platform.database import NOBODY, Database, Row, Transaction, connect

# So often an idle connection is asked whether it is still there.
LISTEN_SECONDS = 10.0


class Connector(BaseAsyncConnector):
    """Runs procrastinate's statements. Raises Unavailable, after which this worker's run is over."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = url

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        async with self._transaction() as transaction:
            await transaction.execute(query, _bound(arguments))

    async def execute_query_one_async(self, query: str, **arguments: Any) -> Row:
        (row,) = await self.execute_query_all_async(query, **arguments)
        return row

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[Row]:
        async with self._transaction() as transaction:
            return await transaction.fetch(query, _bound(arguments))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        try:
            async with self._database.transaction(NOBODY) as transaction:
                yield transaction
        except psycopg.errors.UniqueViolation as error:
            raise _already_there(error) from error

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Passes on notifications until it is cancelled, or its connection breaks."""
        async with await connect(self._url) as connection:
            for channel in channels:
                await connection.execute(f"LISTEN {psycopg.sql.Identifier(channel).as_string()}")
            while True:
                async for told in connection.notifies(timeout=LISTEN_SECONDS):
                    await on_notification(channel=told.channel, payload=told.payload)
                await connection.execute("SELECT 1")


def _bound(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in arguments.items()}


def _already_there(error: psycopg.errors.UniqueViolation) -> exceptions.UniqueViolation:
    """The error as procrastinate knows it: a job of the same key waits already."""
    constraint = error.diag.constraint_name
    found = re.search(r"=\((.*)\)", error.diag.message_detail or "")
    is_key = constraint == QUEUEING_LOCK_CONSTRAINT and found is not None
    return exceptions.UniqueViolation(
        constraint_name=constraint, queueing_lock=found[1] if is_key and found else None
    )
