"""Events in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.analytics.events.models import Event
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


LOCK_WEBSITES = Prepared("lock_websites", queries.lock_websites)
INSERT = Prepared("insert_events", queries.insert)


def lock_websites(tenant: Tenant, website_ids: Iterable[UUID]) -> Call:
    """Currency of those websites that exist, fixed until the transaction ends."""
    return LOCK_WEBSITES(workspace_id=tenant.workspace_id, website_ids=list(website_ids))


def insert(tenant: Tenant, events: Sequence[Event], received_at: datetime) -> Call:
    """Stores the events that are sound and whose ids are new, and returns these ids."""
    return INSERT(
        workspace_id=tenant.workspace_id, received_at=received_at, events=orjson.dumps(events).decode()
    )


async def known(transaction: Transaction, tenant: Tenant, event_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are stored."""
    parameters = {"workspace_id": tenant.workspace_id, "event_ids": list(event_ids)}
    return {row["event_id"] for row in await transaction.fetch(queries.known, parameters)}
