"""The queue in PostgreSQL: adding jobs, giving them back, and looking at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# A worker sends a sign of life far more often than this.
DEAD_AFTER_SECONDS = 15.0
MOST_ATTEMPTS = 30
DAYS_FAILED_ARE_KEPT = 14


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the queue stands: jobs that could run now, later, are running, have failed; the longest wait."""

    waiting: int
    scheduled: int
    running: int
    failed: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class FailedJob:
    id: int
    name: str
    attempts: int
    workspace_id: UUID | None
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """A job whose worker died; `status` is what became of it, todo or failed."""

    id: int
    name: str
    status: str


async def defer(
    transaction: Transaction,
    name: str,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    **arguments: Any,
) -> None:
    """Adds a job to the queue, at the commit of the transaction.

    Of the jobs with one name and key only one waits at a time, with the newest
    arguments and the earliest time, and no two run side by side. A transaction that
    defers several keys does so in sorted order, or two could wait for each other.
    Arguments are what JSON can say; ids and times become texts.
    """
    await transaction.fetch(
        queries.defer,
        {
            "name": name,
            "key": None if key is None else f"{name}:{key}",
            "run_at": run_at,
            "arguments": orjson.dumps(arguments).decode(),
        },
    )


async def once(transaction: Transaction, job_id: int) -> bool:
    """Whether the transaction may do what the job is for: no earlier run of the job has done it.

    For jobs whose effect cannot be seen in what they change, such as mails.
    """
    return await transaction.fetch_one(queries.once, {"job_id": job_id}) is not None


async def put_back(database: Database, job_id: int, run_at: datetime) -> None:
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(queries.put_back, {"job_id": job_id, "run_at": run_at})


async def release(database: Database, gone: Sequence[int] = ()) -> list[Released]:
    """Gives the jobs of dead workers, and of those that are gone for sure, back to the queue."""
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(
            queries.forget_workers, {"seconds": DEAD_AFTER_SECONDS, "worker_ids": list(gone)}
        )
        rows = await transaction.fetch(queries.release, {"most_attempts": MOST_ATTEMPTS})
    return [Released(**row) for row in rows]


async def numbers(database: Database) -> Numbers:
    (row,) = await database.read_directory(queries.numbers)
    return Numbers(**row)


async def failed(database: Database, limit: int = 100) -> list[FailedJob]:
    rows = await database.read_directory(queries.failed, {"limit": limit})
    return [
        FailedJob(**row | {"workspace_id": UUID(row["workspace_id"]) if row["workspace_id"] else None})
        for row in rows
    ]


async def retry_failed(database: Database, job_ids: Sequence[int] | None = None) -> list[int]:
    """Lets failed jobs begin anew, all of them where none is named; returns which."""
    async with database.transaction(NOBODY) as transaction:
        rows = await transaction.fetch(
            queries.retry_failed, {"job_ids": None if job_ids is None else list(job_ids)}
        )
    return sorted(row["id"] for row in rows)


async def forget_failed(database: Database) -> None:
    """Deletes jobs that failed long ago."""
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(queries.forget_failed, {"days": DAYS_FAILED_ARE_KEPT})
