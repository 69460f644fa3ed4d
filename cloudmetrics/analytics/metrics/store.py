"""Metrics from the rollups in PostgreSQL."""

from __future__ import annotations

from cloudmetrics.analytics.metrics.models import Question
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def count(tenant: Tenant, question: Question) -> list[Row]:
    """The numbers as rows: of the whole (first), of each day with events, of each currency.

    From the cheapest rollup that can answer, and never from events.
    """
    filters = {"source": question.source, "device": question.device}
    used = [(name, value) for name, value in filters.items() if value is not None]
    dimension, value = used[0] if used else ("all", "")
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website_id,
        "start_date": question.days.start,
        "end_date": question.days.end,
        "goal": question.goal,
        "several": len(used) > 1,
        "dimension": dimension,
        "value": value,
    }
    return await tenant.read(queries.count, parameters | filters)
