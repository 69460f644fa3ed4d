"""Goals in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import Dimension
from cloudmetrics.analytics.goals.conditions import PAGEVIEW, Condition
from cloudmetrics.analytics.goals.conditions import Kind as ConditionKind
from cloudmetrics.analytics.goals.models import Goal
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import HASHED, Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

COUNT_SECONDS = 10.0
MOST_VALUES = 1000


GOALS = Collection(
    "goals",
    {
        "id": Column("goal.goal_id", Kind.UUID),
        "website_id": Column("goal.website_id", Kind.UUID),
        "kind": Column("goal.kind"),
        "name": Column("goal.name"),
        "created_at": Column("goal.created_at", Kind.MOMENT),
        "updated_at": Column("goal.updated_at", Kind.MOMENT),
        "status": Column(
            states={"ACTIVE": "goal.deleted_at IS NULL", "DELETED": "goal.deleted_at IS NOT NULL"}
        ),
    },
    unless_asked={"status": "ACTIVE"},
)


async def listed(tenant: Tenant, asked: Asked) -> list[Goal]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Goal.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def of_websites(tenant: Tenant, website_ids: list[UUID], most: int) -> list[Goal]:
    """The oldest goals of each website, oldest first, at most so many of each."""
    parameters = {"workspace_id": tenant.workspace_id, "website_ids": website_ids, "limit": most}
    return [Goal.from_row(row) for row in await tenant.read(queries.of_websites, parameters)]


async def get(tenant: Tenant, goal_id: UUID) -> Goal | None:
    rows = await tenant.read(queries.get, _at(tenant, goal_id))
    return Goal.from_row(rows[0]) if rows else None


async def create(
    tenant: Tenant, goal_id: UUID, website_id: UUID, name: str, condition: Condition, now: datetime
) -> Goal | None:
    more = {"website_id": website_id, "name": name, "now": now}
    return await _write(tenant, queries.create, _at(tenant, goal_id) | _columns(condition) | more)


async def update(
    tenant: Tenant, goal_id: UUID, name: str, condition: Condition, now: datetime
) -> Goal | None:
    more = {"name": name, "now": now}
    return await _write(tenant, queries.update, _at(tenant, goal_id) | _columns(condition) | more)


async def set_deleted(
    transaction: Transaction, tenant: Tenant, goal_id: UUID, deleted_at: datetime | None
) -> Goal | None:
    """The goal, deleted or restored; None where there was no such thing to do."""
    row = await transaction.fetch_one(queries.set_deleted, _at(tenant, goal_id) | {"deleted_at": deleted_at})
    return Goal.from_row(row) if row else None


async def purge(tenant: Tenant, goal_id: UUID) -> None:
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.purge, _at(tenant, goal_id))


async def completions(tenant: Tenant, goal: Goal, days: DateRange) -> list[Row]:
    """The numbers as rows: of the whole range (first), and of each day with events. Raises QueryTooSlow."""
    return await _count(tenant, queries.completions, goal, days)


async def completions_by(tenant: Tenant, goal: Goal, days: DateRange, dimension: Dimension) -> list[Row]:
    """The numbers as rows, of each value of a dimension. Raises QueryTooSlow."""
    more = {"dimension": dimension.value, "limit": MOST_VALUES}
    return await _count(tenant, queries.completions_by_dimension, goal, days, **more)


async def _count(tenant: Tenant, statement: str, goal: Goal, days: DateRange, **more: Any) -> list[Row]:
    minimum = goal.condition.minimum_revenue
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": goal.website_id,
        "start_date": days.start,
        "end_date": days.end,
        "currency": minimum.currency if minimum else None,
        "reads": _told_by(goal.condition),
        **goal.condition.to_sql(),
        **more,
    }
    text = statement.replace("{completed}", queries.completed)
    return await tenant.read(text, parameters, seconds=COUNT_SECONDS, settings=HASHED)


def _told_by(condition: Condition) -> str:
    """What tells who completed a goal; the rollups only where it is nothing but an event's name."""
    if condition.kind is ConditionKind.PAGE or condition.minimum_revenue:
        return "EVENTS"
    return "DAYS" if condition.event_name == PAGEVIEW else "NAMES"


async def _write(tenant: Tenant, statement: str, parameters: dict[str, Any]) -> Goal | None:
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(statement, parameters)
    return Goal.from_row(row) if row else None


def _at(tenant: Tenant, goal_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "goal_id": goal_id}


def _columns(condition: Condition) -> dict[str, Any]:
    minimum = condition.minimum_revenue
    return {
        "kind": condition.kind.value,
        "event_name": condition.event_name,
        "path_pattern": condition.path_pattern,
        "minimum_revenue": minimum.amount_minor if minimum else None,
        "minimum_currency": minimum.currency if minimum else None,
    }
