"""Share links in PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.boards.share_links.models import Opened, ShareLink
from cloudmetrics.platform.clock import now_of
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# The model says the same, by test.
STATES = {
    "ACTIVE": "revoked_at IS NULL AND expires_at > %(now)s",
    "EXPIRED": "revoked_at IS NULL AND expires_at <= %(now)s",
    "REVOKED": "revoked_at IS NOT NULL",
}
SHARE_LINKS = Collection(
    "share links",
    {
        "id": Column("share_link_id", Kind.UUID),
        "status": Column(states=STATES),
        "created_at": Column("created_at", Kind.MOMENT),
        "expires_at": Column("expires_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, dashboard_id: UUID, asked: Asked) -> list[ShareLink]:
    now = now_of(tenant)
    parameters = asked.parameters | _of(tenant, dashboard_id) | {"now": now}
    rows = await tenant.read(asked.statement(queries.list), parameters)
    return [ShareLink.from_row(row, now) for row in rows]


async def get(tenant: Tenant, dashboard_id: UUID, share_link_id: UUID) -> ShareLink | None:
    rows = await tenant.read(queries.get, _of(tenant, dashboard_id) | {"share_link_id": share_link_id})
    return ShareLink.from_row(rows[0], now_of(tenant)) if rows else None


async def create(transaction: Transaction, tenant: Tenant, link: ShareLink, digest: bytes) -> None:
    parameters = _of(tenant, link.dashboard_id) | {
        "share_link_id": link.id,
        "name": link.name,
        "digest": digest,
        "created_by": link.created_by,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
    }
    await transaction.execute(queries.create, parameters)


async def revoke(transaction: Transaction, tenant: Tenant, share_link_id: UUID, now: datetime) -> bool:
    """Whether it was not revoked already."""
    parameters = {"workspace_id": tenant.workspace_id, "share_link_id": share_link_id, "now": now}
    return await transaction.fetch_one(queries.revoke, parameters) is not None


async def find(database: Database, workspace_id: UUID, digests: list[bytes]) -> Opened | None:
    """What a token opens, which nothing but its own expiry may keep closed, by the workspace's clock."""
    parameters = {"workspace_id": workspace_id, "digests": digests}
    for row in await database.read(workspace_id, queries.find, parameters):
        ahead: timedelta = row["ahead"]
        if row["expires_at"] > now_of(Tenant(database, workspace_id, ahead)):
            return Opened(workspace_id, row["share_link_id"], ahead)
    return None


async def dashboard_of(tenant: Tenant, share_link_id: UUID) -> UUID | None:
    parameters = {"workspace_id": tenant.workspace_id, "share_link_id": share_link_id}
    rows = await tenant.read(queries.dashboard, parameters)
    return rows[0]["dashboard_id"] if rows else None


def _of(tenant: Tenant, dashboard_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "dashboard_id": dashboard_id}
