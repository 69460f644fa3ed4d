"""Revenue from PostgreSQL."""

from __future__ import annotations

from typing import Any

from cloudmetrics.analytics.goals.models import Goal
from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.analytics.revenue.models import RevenueDimension, RevenueQuestion, RevenueRow
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

SECONDS = 10.0
Position = tuple[int, str]


async def rows_after(
    tenant: Tenant, question: RevenueQuestion, after: Position | None, limit: int
) -> list[RevenueRow]:
    """Rows after a position (revenue, key), those that earned most first. Raises QueryTooSlow."""
    by_page = question.dimension is RevenueDimension.PAGE
    parameters = _of(tenant, question) | {
        "dimension": question.dimension.value,
        "after_revenue": after[0] if after else None,
        "after": after[1] if after else None,
        "limit": limit,
    }
    statement = queries.by_page if by_page else queries.by_first_touch
    rows = await tenant.read(statement, parameters, seconds=SECONDS)
    return [_row(row["key"], row["value"], row, question) for row in rows]


async def of_goal(tenant: Tenant, question: RevenueQuestion, goal: Goal) -> RevenueRow:
    """Raises QueryTooSlow."""
    minimum = goal.condition.minimum_revenue
    parameters = _of(tenant, question) | goal.condition.to_sql()
    parameters["currency"] = minimum.currency if minimum else None
    (row,) = await tenant.read(queries.of_goal, parameters, seconds=SECONDS)
    return _row(str(goal.id), goal.name, row, question)


def _of(tenant: Tenant, question: RevenueQuestion) -> dict[str, Any]:
    return {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website.id,
        "start_date": question.days.start,
        "end_date": question.days.end,
    }


def _row(key: str, value: str | None, row: Row, question: RevenueQuestion) -> RevenueRow:
    revenue = Money(int(row["revenue"]), question.website.currency)
    return RevenueRow(key, value, row["sales"], revenue, row["visitors"])
