"""What surrounds a workspace's rules, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudmetrics.alerting.watching.models import Surroundings, Website
from cloudmetrics.analytics.goals.models import Goal
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def surroundings(tenant: Tenant, goal_ids: Collection[UUID]) -> Surroundings | None:
    """Those of a workspace; None where it is gone, or waits to be removed."""
    of = {"workspace_id": tenant.workspace_id}
    rows = await tenant.read(queries.websites, of)
    zones = {row["website_id"]: row for row in rows}
    home = zones.pop(None, None)
    if home is None:
        return None
    websites = {
        website_id: Website(ZoneInfo(row["timezone"]), row["first_day"]) for website_id, row in zones.items()
    }
    goals = await tenant.read(queries.goals, of | {"goal_ids": list(goal_ids)}) if goal_ids else []
    conditions = {row["id"]: Goal.from_row(row).condition for row in goals}
    return Surroundings(ZoneInfo(home["timezone"]), websites, conditions)
