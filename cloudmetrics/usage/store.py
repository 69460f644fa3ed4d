"""What workspaces use, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import psycopg

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.sql import load_queries
from cloudmetrics.usage.models import Counted, Requests, Storage

queries = load_queries(__file__)

DAYS_KEPT = 400
MOST_ROWS = 1_000


async def add(database: Database, workspace_id: UUID, counts: Mapping[Counted, int]) -> None:
    """Adds to what was counted before, and forgets what is too old. Raises Unavailable."""
    parameters = {
        "workspace_id": workspace_id,
        "days": [each.day for each in counts],
        "operations": [each.operation for each in counts],
        "credential_ids": [each.credential_id for each in counts],
        "statuses": [each.status for each in counts],
        "kinds": [each.credential_kind for each in counts],
        "requests": list(counts.values()),
    }
    before = max(each.day for each in counts) - timedelta(days=DAYS_KEPT)
    try:
        async with database.transaction(workspace_id) as transaction:
            await transaction.execute(queries.add, parameters)
            await transaction.execute(queries.forget, {"workspace_id": workspace_id, "before": before})
    except psycopg.errors.ForeignKeyViolation:
        return  # The workspace is gone, and so is all that it used.


async def requests(tenant: Tenant, days: DateRange) -> Requests:
    """The requests of some days. Of each kind at most MOST_ROWS rows, those with the most requests."""
    rows = await tenant.read(queries.requests, _between(tenant, days))
    return Requests(
        by_day=[(row["day"], row["requests"]) for row in rows if row["day"] is not None],
        by_operation=[(row["operation"], row["requests"]) for row in rows if row["operation"] is not None],
        by_key=[
            (row["credential_kind"], row["credential_id"], row["name"], row["requests"])
            for row in rows
            if row["credential_id"] is not None
        ][:MOST_ROWS],
        by_status=[(row["status"], row["requests"]) for row in rows if row["status"] is not None],
    )


async def events(tenant: Tenant, days: DateRange) -> list[tuple[date, int]]:
    rows = await tenant.read(queries.events, _between(tenant, days))
    return [(row["day"], row["events"]) for row in rows]


async def storage(tenant: Tenant) -> Storage:
    (row,) = await tenant.read(queries.storage, {"workspace_id": tenant.workspace_id})
    return Storage(row["websites"], row["events"], round(row["events"] * row["bytes_per_event"]))


def _between(tenant: Tenant, days: DateRange) -> dict[str, object]:
    return {"workspace_id": tenant.workspace_id, "start": days.start, "end": days.end}
