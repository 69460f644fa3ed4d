"""Versions of websites' data in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cloudmetrics.analytics.answers.models import State
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def state(tenant: Tenant, website_id: UUID | None) -> State:
    """Of one website, or of all that the workspace has. Raises NotFound."""
    parameters = {"workspace_id": tenant.workspace_id, "website_id": website_id}
    rows = await tenant.read(queries.state, parameters)
    if not rows:
        raise NotFound("workspace")
    row = rows[0]
    if website_id is not None and not row["websites"]:
        raise NotFound("website")
    prefix = "only_" if website_id is not None else ""
    return State(
        row["websites"],
        row["digest"] or "",
        row[f"{prefix}timezone"],
        row[f"{prefix}currency"],
        tuple(row["currencies"] or ()),
    )


async def touch(transaction: Transaction, tenant: Tenant, website_ids: Iterable[UUID]) -> None:
    """Makes every kept answer about these websites worthless, from the commit on.

    Whoever changes the events or the rollups of a website calls this in the same
    transaction, and holds the lock on its row.
    """
    parameters = {"workspace_id": tenant.workspace_id, "website_ids": list(website_ids)}
    await transaction.execute(queries.touch, parameters)
