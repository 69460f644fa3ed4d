"""Funnels from PostgreSQL."""

from __future__ import annotations

import orjson

from cloudmetrics.analytics.funnels.models import FunnelQuestion, Reached
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def reached(tenant: Tenant, question: FunnelQuestion) -> dict[int, Reached]:
    """By their numbers, from 1, the steps that anybody completed."""
    steps = [{"number": number, **step.to_sql()} for number, step in enumerate(question.steps, 1)]
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website_id,
        "start_date": question.days.start,
        "end_date": question.days.end,
        "window_hours": question.window_hours,
        "steps": orjson.dumps(steps).decode(),
        "last": len(steps),
    }
    rows = await tenant.read(queries.reached, parameters)
    return {row["number"]: Reached(row["visitors"], row["median_seconds"]) for row in rows}
