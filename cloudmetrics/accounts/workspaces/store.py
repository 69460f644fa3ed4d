"""Workspaces in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict

from cloudmetrics.accounts.workspaces.models import Workspace
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
