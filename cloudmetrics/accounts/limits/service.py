"""What an operator can do with the limits of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.limits import store
from cloudmetrics.accounts.plans import read_limits
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import NotFound

# What is written in place of a number where the plan's is to hold again.
BY_PLAN = "plan"


async def set_limits(database: Database, workspace_id: UUID, texts: Mapping[str, str]) -> dict[str, Any]:
    """Gives a workspace and its sandbox limits of their own; returns all that it then has.

    `texts` are those that change, as in `{"requests": "5000/minute", "agent": "plan"}`.
    They hold in every process within a second. Raises InvalidLimit, NotFound.
    """
    withdrawn = [name for name, text in texts.items() if text == BY_PLAN]
    # Also what is withdrawn has to be a limit.
    read_limits(dict.fromkeys(withdrawn, "1") | ({"requests": "1/hour"} if "requests" in withdrawn else {}))
    granted = read_limits({name: text for name, text in texts.items() if text != BY_PLAN})
    async with database.transaction(workspace_id) as transaction:
        changed = await store.change(transaction, workspace_id, granted, withdrawn)
        if changed is None:
            raise NotFound("workspace")
        if changed["sandbox_id"] is not None:
            await store.change(transaction, changed["sandbox_id"], granted, withdrawn)
            await access.note(transaction, changed["sandbox_id"])
        await access.note(transaction, workspace_id)
    limits: dict[str, Any] = changed["limits"]
    return limits
