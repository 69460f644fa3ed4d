"""The last half hour, from PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from cloudmetrics.analytics.realtime.models import PRESENT, Realtime, first_minute
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

SECONDS = 5.0
MOST = 10


async def now(tenant: Tenant, website_id: UUID | None, at: datetime) -> Realtime:
    """Who is there at a moment. Raises QueryTooSlow."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "start": first_minute(at),
        "present": at - PRESENT,
        "now": at,
        "most": MOST,
    }
    (row,) = await tenant.read(queries.now, parameters, seconds=SECONDS)
    minutes = {
        datetime.fromtimestamp(int(epoch), UTC): (visitors, pageviews)
        for epoch, visitors, pageviews in row["minutes"] or ()
    }
    pages = [(page, visitors) for page, visitors in row["pages"] or ()]
    sources = [(source, visitors) for source, visitors in row["sources"] or ()]
    return Realtime(at, row["visitors"], minutes, pages, sources)
