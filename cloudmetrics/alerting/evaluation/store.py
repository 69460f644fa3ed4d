"""Evaluations in PostgreSQL: which workspaces are due, and how their rules stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from cloudmetrics.alerting.rules.states import State
from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# How long somebody may be at a workspace before it counts as left behind.
LEASE = timedelta(seconds=90)
# Nothing is ever due later than this.
HORIZON = timedelta(minutes=5)


async def due(database: Database, now: datetime) -> int:
    """How many workspaces wait to be evaluated."""
    (row,) = await database.read_directory(queries.due, {"now": now, "horizon": now + HORIZON})
    workspaces: int = row["workspaces"]
    return workspaces


async def workspaces(database: Database) -> list[UUID]:
    """All that have, or ever had, alerts."""
    return [row["workspace_id"] for row in await database.read_directory(queries.workspaces)]


async def claim(database: Database, now: datetime, most: int) -> list[UUID]:
    """Some workspaces that are due and that nobody else gets now."""
    parameters = {"now": now, "lease": now + LEASE, "horizon": now + HORIZON, "most": most}
    async with database.transaction(NOBODY) as transaction:
        return [row["workspace_id"] for row in await transaction.fetch(queries.claim, parameters)]


async def done(database: Database, workspace_id: UUID, due_at: datetime) -> None:
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(queries.done, {"workspace_id": workspace_id, "due_at": due_at})


async def forget(database: Database, workspace_id: UUID) -> None:
    async with database.transaction(workspace_id) as transaction:
        await transaction.execute(queries.forget, {"workspace_id": workspace_id})


async def save(transaction: Transaction, workspace_id: UUID, states: Iterable[tuple[UUID, State]]) -> None:
    """Writes the states of rules, by their ids."""
    rows = [asdict(state) | {"alert_id": alert_id} for alert_id, state in states]
    await transaction.execute(
        queries.save, {"workspace_id": workspace_id, "states": orjson.dumps(rows).decode()}
    )
