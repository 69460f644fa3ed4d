"""Imports in PostgreSQL: the pieces of a file, and how far each import is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.costs.imports.models import Bill, CostImport, OnError, Status, Tally
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

IMPORTS = Collection(
    "cost-imports",
    {
        "id": Column("import.import_id", Kind.UUID),
        "status": Column("import.status"),
        "bytes": Column("import.bytes", Kind.INTEGER),
        "created_at": Column("import.created_at", Kind.MOMENT),
    },
    order="id:desc",
)


async def unfinished(tenant: Tenant) -> int:
    """How many imports wait or run."""
    (row,) = await tenant.read(queries.unfinished, {"workspace_id": tenant.workspace_id})
    number: int = row["number"]
    return number


async def keep_piece(
    tenant: Tenant, import_id: UUID, number: int, content: bytes, discard_at: datetime
) -> None:
    """Keeps a piece of a file. With the first one, the file is sure to be discarded if it stays alone."""
    async with tenant.transaction() as transaction:
        parameters = _at(tenant, import_id) | {"number": number, "content": content}
        await transaction.execute(queries.keep_piece, parameters)
        if number == 0:
            await _defer(transaction, "costs.discard", tenant, import_id, run_at=discard_at)


async def piece(tenant: Tenant, import_id: UUID, number: int) -> bytes | None:
    rows = await tenant.read(queries.piece, _at(tenant, import_id) | {"number": number})
    return bytes(rows[0]["content"]) if rows else None


async def discard_pieces(tenant: Tenant, import_id: UUID) -> bool:
    """Deletes some pieces that nobody is going to read; False where there are none."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.discard_pieces, _at(tenant, import_id))
    return bool(row and row["number"])


async def create(
    transaction: Transaction,
    tenant: Tenant,
    import_id: UUID,
    *,
    on_error: OnError,
    size: int,
    pieces: int,
    now: datetime,
) -> CostImport:
    """The import of a file whose pieces are kept already. It is loaded by a job, from the commit on."""
    more = {"on_error": on_error.value, "bytes": size, "pieces": pieces, "now": now}
    row = await transaction.fetch_one(queries.create, _at(tenant, import_id) | more)
    await _defer(transaction, "costs.load", tenant, import_id)
    assert row is not None
    return to_import(row)


async def get(tenant: Tenant, import_id: UUID) -> CostImport | None:
    rows = await tenant.read(queries.get, _at(tenant, import_id))
    return to_import(rows[0]) if rows else None


async def listed(tenant: Tenant, asked: Asked) -> list[CostImport]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [to_import(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def _defer(
    transaction: Transaction, name: str, tenant: Tenant, import_id: UUID, run_at: datetime | None = None
) -> None:
    await defer(
        transaction,
        name,
        key=str(import_id),
        run_at=run_at,
        workspace_id=tenant.workspace_id,
        import_id=import_id,
    )


def to_import(row: Row) -> CostImport:
    """An import from its row, with its bills where they were read with it."""
    bills = [
        Bill(provider, account, date.fromisoformat(period), charges)
        for provider, account, period, charges in row.get("bills", ())
    ]
    counts = ("pieces_read", "rows_read", "rows_loaded", "rows_rejected", "errors", "focus_version")
    return CostImport(
        row["import_id"],
        Status(row["status"]),
        OnError(row["on_error"]),
        row["bytes"],
        row["pieces"],
        Tally(**{name: row[name] for name in counts}),
        row["failure"],
        row["created_at"],
        row["started_at"],
        row["finished_at"],
        bills,
    )


def document(value: Any) -> str:
    """A value for a jsonb column."""
    return orjson.dumps(value).decode()


def _at(tenant: Tenant, import_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "import_id": import_id}
