"""Definitions of reports in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries
from cloudmetrics.reports.definitions.models import Report

queries = load_queries(__file__)


REPORTS = Collection(
    "reports",
    {
        "id": Column("report_id", Kind.UUID),
        "name": Column("name"),
        "status": Column("status"),
        "created_at": Column("created_at", Kind.MOMENT),
        "updated_at": Column("updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Report]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Report.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, report_id: UUID) -> Report | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "report_id": report_id})
    return Report.from_row(rows[0]) if rows else None


async def lock(transaction: Transaction, tenant: Tenant, report_id: UUID) -> Report | None:
    row = await transaction.fetch_one(
        queries.lock, {"workspace_id": tenant.workspace_id, "report_id": report_id}
    )
    return Report.from_row(row) if row else None


async def create(transaction: Transaction, tenant: Tenant, report: Report) -> None:
    await transaction.execute(queries.create, _columns(tenant, report))
    await _list(transaction, tenant, report.id, report.next_run_at)


async def update(transaction: Transaction, tenant: Tenant, report: Report) -> None:
    await transaction.execute(queries.update, _columns(tenant, report))
    await _list(transaction, tenant, report.id, report.next_run_at)


async def plan(
    transaction: Transaction, tenant: Tenant, report_id: UUID, next_run_at: datetime | None
) -> None:
    """Says when the report is due next; None for never."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "report_id": report_id,
        "next_run_at": next_run_at,
    }
    await transaction.execute(queries.plan, parameters)
    await _list(transaction, tenant, report_id, next_run_at)


async def delete(transaction: Transaction, tenant: Tenant, report_id: UUID) -> bool:
    """Whether there was such a report; its runs go with it."""
    parameters = {"workspace_id": tenant.workspace_id, "report_id": report_id}
    await transaction.execute(queries.take_off_the_list, parameters)
    return await transaction.fetch_one(queries.delete, parameters) is not None


async def due(database: Database, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Workspaces and reports that are due at a moment of the real time, the longest first."""
    rows = await database.read_directory(queries.due, {"now": now, "most": most})
    return [(row["workspace_id"], row["report_id"]) for row in rows]


async def planned(tenant: Tenant) -> list[UUID]:
    rows = await tenant.read(queries.planned, {"workspace_id": tenant.workspace_id})
    return [row["report_id"] for row in rows]


async def _list(
    transaction: Transaction, tenant: Tenant, report_id: UUID, next_run_at: datetime | None
) -> None:
    parameters = {"workspace_id": tenant.workspace_id, "report_id": report_id, "due_at": next_run_at}
    statement = queries.take_off_the_list if next_run_at is None else queries.put_on_the_list
    await transaction.execute(statement, parameters)


def _columns(tenant: Tenant, report: Report) -> dict[str, object]:
    lists = {
        "sections": orjson.dumps(list(report.sections)).decode(),
        "recipients": list(report.recipients),
        "period": report.period.value,
    }
    return asdict(report) | lists | {"workspace_id": tenant.workspace_id}
