"""The audit log in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.accounts.audit.models import Entry
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def record(transaction: Transaction, workspace_id: UUID, entry: Entry) -> None:
    """Adds an entry, as the tenant that the transaction works for."""
    row = asdict(entry) | {"workspace_id": workspace_id, "details": orjson.dumps(entry.details).decode()}
    await transaction.execute(queries.record, row)


async def list_before(tenant: Tenant, filters: dict[str, Any], before: UUID, limit: int) -> list[Entry]:
    parameters = filters | {"workspace_id": tenant.workspace_id, "before": before, "limit": limit}
    return [Entry(**row) for row in await tenant.read(queries.list_before, parameters)]
