"""Limits of workspaces in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.platform.database import Row, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def change(
    transaction: Transaction, workspace_id: UUID, granted: Mapping[str, Any], withdrawn: Sequence[str]
) -> Row | None:
    """The workspace's sandbox and all of its own limits afterwards; None where there is no such workspace."""
    await transaction.switch_tenant(workspace_id)
    parameters = {
        "workspace_id": workspace_id,
        "granted": orjson.dumps(granted).decode(),
        "withdrawn": list(withdrawn),
    }
    return await transaction.fetch_one(queries.change, parameters)
