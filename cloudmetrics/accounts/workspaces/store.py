"""Workspaces in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from cloudmetrics.accounts.workspaces.models import User, Workspace
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(transaction: Transaction, workspace: Workspace) -> None:
    """Adds a workspace, and goes on as its tenant."""
    await transaction.switch_tenant(workspace.id)
    await transaction.execute(queries.create, asdict(workspace))


async def get(tenant: Tenant) -> Workspace | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id})
    return Workspace(**rows[0]) if rows else None


async def create_user(transaction: Transaction, user: User) -> bool:
    """Whether the address was free."""
    return await transaction.fetch_one(queries.create_user, asdict(user)) is not None


async def add_member(
    transaction: Transaction, workspace_id: UUID, user_id: UUID, role: str, at: datetime
) -> None:
    await transaction.execute(
        queries.add_member,
        {"workspace_id": workspace_id, "user_id": user_id, "role": role, "created_at": at},
    )
