"""Metrics from the rollups in PostgreSQL."""

from __future__ import annotations

from cloudmetrics.analytics.metrics.models import Question
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def count(tenant: Tenant, question: Question) -> list[Row]:
    """The numbers as rows: of the whole (first), of each day with events, of each currency.

    Takes the cheapest rollup that can answer. Never reads events.
    """
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website_id,
        "start_date": question.days.start,
        "end_date": question.days.end,
    }
    filters = {"source": question.source, "device": question.device}
    used = [(name, value) for name, value in filters.items() if value is not None]
    if len(used) > 1 or question.goal is not None:
        return await tenant.read(queries.count_visitor_days, parameters | filters | {"goal": question.goal})
    dimension, value = used[0] if used else ("all", "")
    return await tenant.read(queries.count_totals, parameters | {"dimension": dimension, "value": value})
