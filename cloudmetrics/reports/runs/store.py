"""Runs of reports in PostgreSQL."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries
from cloudmetrics.reports.runs.models import Run, Sent

queries = load_queries(__file__)

RUNS_KEPT = 100


RUNS = Collection(
    "report-runs",
    {
        "id": Column("run_id", Kind.UUID),
        "status": Column("status"),
        "created_at": Column("created_at", Kind.MOMENT),
    },
    order="id:desc",
)


async def listed(tenant: Tenant, report_id: UUID, asked: Asked) -> list[Run]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id, "report_id": report_id}
    runs = [Run.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]
    return await _with_deliveries(tenant, runs)


async def get(tenant: Tenant, run_id: UUID) -> Run | None:
    rows = await tenant.read(queries.get, _of(tenant, run_id))
    runs = await _with_deliveries(tenant, [Run.from_row(row) for row in rows])
    return runs[0] if runs else None


async def lock(transaction: Transaction, tenant: Tenant, run_id: UUID) -> Run | None:
    row = await transaction.fetch_one(queries.lock, _of(tenant, run_id))
    return Run.from_row(row) if row else None


async def is_in_progress(transaction: Transaction, tenant: Tenant, report_id: UUID) -> bool:
    parameters = {"workspace_id": tenant.workspace_id, "report_id": report_id}
    return await transaction.fetch_one(queries.in_progress, parameters) is not None


async def create(transaction: Transaction, tenant: Tenant, run: Run) -> None:
    parameters = {
        "report_id": run.report_id,
        "id": run.id,
        "cause": run.cause,
        "name": run.name,
        "sections": orjson.dumps(list(run.sections)).decode(),
        "timezone": run.timezone,
        "delivery": run.delivery,
        "start": run.days.start,
        "end": run.days.end,
        "scheduled_for": run.scheduled_for,
        "created_at": run.created_at,
    }
    await transaction.execute(queries.create, _of(tenant, run.id) | parameters)


async def begin(transaction: Transaction, tenant: Tenant, run_id: UUID, now: datetime) -> None:
    await transaction.execute(queries.begin, _of(tenant, run_id) | {"now": now})


async def clear_section(transaction: Transaction, tenant: Tenant, run_id: UUID, section: int) -> None:
    await transaction.execute(queries.clear_section, _of(tenant, run_id) | {"section": section})


async def add_rows(
    transaction: Transaction,
    tenant: Tenant,
    run_id: UUID,
    section: int,
    part: int,
    rows: Sequence[dict[str, Any]],
) -> None:
    parameters = {"section": section, "part": part, "rows": zlib.compress(orjson.dumps(list(rows)))}
    await transaction.execute(queries.add_rows, _of(tenant, run_id) | parameters)


async def read_rows(tenant: Tenant, run_id: UUID, section: int) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of a section, part by part, so that no more than a part is in memory."""
    part = 0
    while found := await tenant.read(queries.rows, _of(tenant, run_id) | {"section": section, "part": part}):
        yield orjson.loads(zlib.decompress(found[0]["rows"]))
        part += 1


async def succeed(
    transaction: Transaction, tenant: Tenant, run: Run, row_counts: Sequence[int], pdf: bytes, now: datetime
) -> None:
    done = {"row_counts": list(row_counts), "now": now, "pdf": pdf}
    await transaction.execute(queries.succeed, _of(tenant, run.id) | done)
    await transaction.execute(queries.add_file, _of(tenant, run.id) | done)
    await _forget_old(transaction, tenant, run)


async def fail(transaction: Transaction, tenant: Tenant, run: Run, error: str, now: datetime) -> None:
    await transaction.execute(queries.fail, _of(tenant, run.id) | {"error": error, "now": now})
    await _forget_old(transaction, tenant, run)


async def read_pdf(tenant: Tenant, run_id: UUID) -> bytes | None:
    rows = await tenant.read(queries.file, _of(tenant, run_id))
    return bytes(rows[0]["pdf"]) if rows else None


async def add_delivery(transaction: Transaction, tenant: Tenant, run_id: UUID, recipient: str) -> None:
    await transaction.execute(queries.add_delivery, _of(tenant, run_id) | {"recipient": recipient})


async def try_delivery(tenant: Tenant, run_id: UUID, recipient: str) -> int | None:
    """How often the mail was tried, this time included; None where it is not to be sent any more."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(
            queries.try_delivery, _of(tenant, run_id) | {"recipient": recipient}
        )
    return row["attempts"] if row else None


async def end_delivery(
    tenant: Tenant, run_id: UUID, recipient: str, status: str, sent_at: datetime | None = None
) -> None:
    parameters = {"recipient": recipient, "status": status, "sent_at": sent_at}
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.end_delivery, _of(tenant, run_id) | parameters)


async def _forget_old(transaction: Transaction, tenant: Tenant, run: Run) -> None:
    parameters = {"workspace_id": tenant.workspace_id, "report_id": run.report_id, "kept": RUNS_KEPT}
    await transaction.execute(queries.forget_old, parameters)


async def _with_deliveries(tenant: Tenant, runs: list[Run]) -> list[Run]:
    if not runs:
        return []
    parameters = {"workspace_id": tenant.workspace_id, "run_ids": [run.id for run in runs]}
    sent: dict[UUID, list[Sent]] = {run.id: [] for run in runs}
    for row in await tenant.read(queries.deliveries, parameters):
        sent[row["run_id"]].append(Sent(row["recipient"], row["status"], row["sent_at"]))
    return [replace(run, deliveries=sent[run.id]) for run in runs]


def _of(tenant: Tenant, run_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "run_id": run_id}
