"""Changes of access in PostgreSQL: a directory table."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloudmetrics.platform.database import Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def note(transaction: Transaction, change_id: UUID, subject_id: UUID, now: datetime) -> None:
    await transaction.execute(queries.note, {"change_id": change_id, "subject_id": subject_id, "now": now})


async def forget(transaction: Transaction, before: datetime) -> None:
    await transaction.execute(queries.forget, {"before": before})


async def recent(database: Database, since: datetime) -> dict[UUID, UUID]:
    """The changes since some moment: what each is called, and what changed."""
    rows = await database.read_directory(queries.recent, {"since": since})
    return {row["change_id"]: row["subject_id"] for row in rows}
