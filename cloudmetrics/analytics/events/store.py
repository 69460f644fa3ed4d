"""Events in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.analytics.events.models import Event
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def lock_websites(
    transaction: Transaction, tenant: Tenant, website_ids: Iterable[UUID]
) -> dict[UUID, Row]:
    """Currency, edition and time zone of those websites that exist, fixed until the transaction ends."""
    parameters = {"workspace_id": tenant.workspace_id, "website_ids": list(website_ids)}
    rows = await transaction.fetch(queries.lock_websites, parameters)
    return {row["website_id"]: row for row in rows}


async def insert(
    transaction: Transaction, tenant: Tenant, events: Sequence[Event], received_at: datetime
) -> set[str]:
    """Stores the events whose ids are new, and returns these ids."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "received_at": received_at,
        "events": orjson.dumps(events).decode(),
    }
    return {row["event_id"] for row in await transaction.fetch(queries.insert, parameters)}


async def known(transaction: Transaction, tenant: Tenant, event_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are stored."""
    parameters = {"workspace_id": tenant.workspace_id, "event_ids": list(event_ids)}
    return {row["event_id"] for row in await transaction.fetch(queries.known, parameters)}
