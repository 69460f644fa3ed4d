"""Metrics from PostgreSQL."""

from __future__ import annotations

from cloudmetrics.analytics.metrics.models import Question
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def count(tenant: Tenant, question: Question) -> list[Row]:
    """The numbers as rows: of the whole (first), of each day with events, of each currency."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website_id,
        "start_date": question.days.start,
        "end_date": question.days.end,
        "source": question.source,
        "device": question.device,
        "goal": question.goal,
    }
    return await tenant.read(queries.count, parameters)
