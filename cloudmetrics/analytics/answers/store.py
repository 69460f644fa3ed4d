"""Versions of websites' data in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cloudmetrics.analytics.answers.models import State
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

TOUCH = Prepared("touch_websites", queries.touch)


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


def touched(tenant: Tenant, website_ids: Iterable[UUID]) -> Call:
    """Makes every kept answer about these websites worthless, from the commit on.

    Whoever changes the events or the rollups of a website calls this in the same
    transaction, and holds the lock on its row.
    """
    return TOUCH(workspace_id=tenant.workspace_id, website_ids=list(website_ids))


async def touch(transaction: Transaction, workspace_id: UUID, website_id: UUID) -> None:
    """The same for one website, in a transaction that goes on."""
    parameters = {"workspace_id": workspace_id, "website_ids": [website_id]}
    await transaction.execute(queries.touch, parameters)
