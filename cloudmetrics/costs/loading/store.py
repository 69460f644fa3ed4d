"""One run of an import, as it is stored: portion by portion, seen by nobody before the run is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.costs.dimensions import OF_SERIES
from cloudmetrics.costs.focus.models import Costs, Slice
from cloudmetrics.costs.imports.models import CostImport, RunSuperseded, Status, Tally
from cloudmetrics.costs.imports.store import document, to_import
from cloudmetrics.costs.loading.loader import Portion, Sums
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

ROWS_A_STATEMENT = 20_000
DELETED_AT_ONCE = 20_000
DELETING = (queries.delete_days, queries.delete_totals, queries.delete_series)


class Run:
    """Writes for one run. Every write raises RunSuperseded once another run has begun."""

    def __init__(self, tenant: Tenant, import_id: UUID) -> None:
        self._tenant = tenant
        self._run_id = new_id()
        self._at = {
            "workspace_id": tenant.workspace_id,
            "import_id": import_id,
            "run_id": self._run_id,
        }
        self._parts: dict[Slice, UUID] = {}
        self._batch = 0
        self._totals = 0

    async def begin(self, now: datetime) -> CostImport | None:
        """The import, for this run alone; None where it is over, or gone."""
        async with self._tenant.transaction() as transaction:
            row = await transaction.fetch_one(queries.begin, self._at | {"now": now})
            if row is not None:
                # A run that died may have left parts behind.
                await _defer_cleaning(transaction, self._tenant)
        return to_import(row) if row else None

    async def advance(self, tally: Tally) -> None:
        async with self._tenant.transaction() as transaction:
            await self._advance(transaction, tally)

    async def add(self, portion: Portion, tally: Tally) -> None:
        """Stores a portion, and how far the file was read with it."""
        async with self._tenant.transaction() as transaction:
            await self._advance(transaction, tally)
            for bill in portion.days_of_bills():
                self._parts.setdefault(bill, new_id())
            await self._run(transaction, queries.add_parts, self._part_rows(portion))
            await self._run(transaction, queries.add_series, self._series_rows(portion))
            await self._run(transaction, queries.add_days, self._day_rows(portion), batch=self._batch)
            await self._run(transaction, queries.add_totals, self._total_rows(portion))
        self._batch += 1

    async def succeed(self, tally: Tally, now: datetime) -> None:
        """What the run stored takes the place of the same bills, all at once."""
        async with self._tenant.transaction() as transaction:
            await self._advance(transaction, tally)
            await transaction.execute(queries.lock, self._at)
            await transaction.execute(queries.retire, self._at)
            await transaction.execute(queries.establish, self._at)
            await self._finish(transaction, Status.SUCCEEDED, None, now)

    async def fail(self, tally: Tally, code: str, message: str, now: datetime) -> None:
        """Nothing of the file counts."""
        async with self._tenant.transaction() as transaction:
            await self._advance(transaction, tally)
            failure = document({"code": code, "message": message})
            await self._finish(transaction, Status.FAILED, failure, now)

    async def _advance(self, transaction: Transaction, tally: Tally) -> None:
        more = {
            "pieces_read": tally.pieces_read,
            "rows_read": tally.rows_read,
            "rows_loaded": tally.rows_loaded,
            "rows_rejected": tally.rows_rejected,
            "errors": document(list(tally.errors)),
            "focus_version": tally.focus_version,
        }
        if await transaction.fetch_one(queries.advance, self._at | more) is None:
            raise RunSuperseded

    async def _finish(
        self, transaction: Transaction, status: Status, failure: str | None, now: datetime
    ) -> None:
        more = {"status": status.value, "failure": failure, "now": now}
        await transaction.execute(queries.finish, self._at | more)
        await _defer_cleaning(transaction, self._tenant)
        await defer(
            transaction,
            "costs.discard",
            key=str(self._at["import_id"]),
            workspace_id=self._tenant.workspace_id,
            import_id=self._at["import_id"],
        )

    async def _run(
        self, transaction: Transaction, statement: str, columns: Mapping[str, list[Any]], **more: Any
    ) -> None:
        """Runs a statement over rows, some of them at a time. Each column has one value per row."""
        count = len(next(iter(columns.values())))
        for first in range(0, count, ROWS_A_STATEMENT):
            rows = {name: values[first : first + ROWS_A_STATEMENT] for name, values in columns.items()}
            await transaction.execute(statement, self._at | rows | {"first": self._totals} | more)
            if statement is queries.add_totals:
                self._totals += len(rows["days"])

    def _part_rows(self, portion: Portion) -> dict[str, list[Any]]:
        days = portion.days_of_bills()
        return {
            "part_ids": [self._parts[bill] for bill in days],
            "providers": [bill.provider for bill in days],
            "accounts": [bill.billing_account for bill in days],
            "periods": [bill.billing_period for bill in days],
            "charges": [portion.charges.get(bill, 0) for bill in days],
            "first_days": [min(each) for each in days.values()],
            "last_days": [max(each) for each in days.values()],
        }

    def _series_rows(self, portion: Portion) -> dict[str, list[Any]]:
        series = list(portion.series.values())
        return {
            "part_ids": [self._parts[each.slice] for each in series],
            "series_ids": [each.id for each in series],
            "currencies": [each.currency for each in series],
            "tags": [document(each.tags) for each in series],
            **{name: [each.traits[place] for each in series] for place, name in enumerate(OF_SERIES)},
        }

    def _day_rows(self, portion: Portion) -> dict[str, list[Any]]:
        return {
            "part_ids": [self._parts[portion.series[series_id].slice] for series_id, _ in portion.days],
            "series_ids": [series_id for series_id, _ in portion.days],
            "days": [day for _, day in portion.days],
            **_costs(portion.days.values()),
        }

    def _total_rows(self, portion: Portion) -> dict[str, list[Any]]:
        cells = list(portion.totals)
        return {
            "part_ids": [self._parts[cell[0]] for cell in cells],
            "dimensions": [cell[1] for cell in cells],
            "values": [cell[2] for cell in cells],
            "days": [cell[3] for cell in cells],
            "currencies": [cell[4] for cell in cells],
            **_costs(portion.totals.values()),
        }


def _costs(sums: Iterable[Sums]) -> dict[str, list[str]]:
    """A column per cost, as texts."""
    rows = list(sums)
    return {name: [str(row[place]) for row in rows] for place, name in enumerate(Costs._fields)}


async def clean(tenant: Tenant) -> bool:
    """Deletes a part that counts no more, or some of it; False where there is none."""
    async with tenant.transaction() as transaction:
        part = await transaction.fetch_one(queries.leftover, {"workspace_id": tenant.workspace_id})
        if part is None:
            return False
        at = {"workspace_id": tenant.workspace_id, "most": DELETED_AT_ONCE, **part}
        for statement in DELETING:
            gone = await transaction.fetch_one(statement, at)
            if gone and gone["number"]:
                return True
        await transaction.execute(queries.delete_part, at)
    return True


async def _defer_cleaning(transaction: Transaction, tenant: Tenant) -> None:
    await defer(transaction, "costs.clean", key=str(tenant.workspace_id), workspace_id=tenant.workspace_id)
