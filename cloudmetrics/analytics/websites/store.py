"""Websites in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cloudmetrics.analytics.rollups.building import store as building
from cloudmetrics.analytics.websites.models import CurrencyInUse, DomainTaken, Website
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.sql import load_queries
from cloudmetrics.platform.timezones import UnknownTimezone

queries = load_queries(__file__)


WEBSITES = Collection(
    "websites",
    {
        "id": Column("website_id", Kind.UUID),
        "name": Column("websites.name"),
        "domain": Column("websites.domain"),
        "created_at": Column("websites.created_at", Kind.MOMENT),
        "updated_at": Column("websites.updated_at", Kind.MOMENT),
        "status": Column(states={"ACTIVE": "deleted_at IS NULL", "DELETED": "deleted_at IS NOT NULL"}),
    },
    unless_asked={"status": "ACTIVE"},
)


async def listed(tenant: Tenant, asked: Asked) -> list[Website]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Website._make(row) for row in await tenant.read_tuples(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, website_id: UUID) -> Website | None:
    rows = await tenant.read(queries.get, _at(tenant, website_id))
    return Website(**rows[0]) if rows else None


async def create(tenant: Tenant, fields: dict[str, Any], now: datetime) -> Website:
    """Raises DomainTaken."""
    parameters = fields | {"workspace_id": tenant.workspace_id, "now": now}
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.create, parameters)
        if row is not None and row["retention_days"] is not None:
            await transaction.execute(queries.retain, _at(tenant, row["id"]))
    if row is None:
        raise DomainTaken(fields["domain"])
    return Website(**row)


async def update(tenant: Tenant, website_id: UUID, fields: dict[str, Any], now: datetime) -> Website:
    """Fields that are not given stay as they are. Raises NotFound, DomainTaken, CurrencyInUse."""
    parameters = fields | _at(tenant, website_id) | {"now": now}
    try:
        async with tenant.transaction() as transaction:
            present = await transaction.fetch_one(queries.lock, parameters)
            if present is None:
                raise NotFound("website")
            if present["currency"] != fields["currency"]:
                revenue = await transaction.fetch_one(queries.has_revenue, parameters)
                if revenue and revenue["found"]:
                    raise CurrencyInUse(present["currency"])
            await transaction.execute(queries.update, present | parameters)
            if present["timezone"] != fields["timezone"]:
                await building.cancel(transaction, tenant, website_id)
                if present["answering_timezone"] != fields["timezone"]:
                    await building.begin(transaction, tenant, website_id, fields["timezone"])
            row = await transaction.fetch_one(queries.get, parameters)
            assert row is not None
            directory = queries.keep if row["retention_days"] is None else queries.retain
            await transaction.execute(directory, parameters)
    except psycopg.errors.UniqueViolation:
        raise DomainTaken(fields["domain"]) from None
    return Website(**row)


async def delete(transaction: Transaction, tenant: Tenant, website_id: UUID, now: datetime) -> str | None:
    """The name of the website that is deleted now; None where there is no such one."""
    row = await transaction.fetch_one(queries.set_deleted, _at(tenant, website_id) | {"deleted_at": now})
    await building.cancel(transaction, tenant, website_id)
    return row["name"] if row else None


async def restore(transaction: Transaction, tenant: Tenant, website_id: UUID) -> str | None:
    """The name of the website that lives again; None where there is no such deleted one.

    Raises DomainTaken.
    """
    domain = await transaction.fetch_one(queries.domain, _at(tenant, website_id))
    try:
        row = await transaction.fetch_one(queries.set_deleted, _at(tenant, website_id) | {"deleted_at": None})
    except psycopg.errors.UniqueViolation:
        raise DomainTaken(domain["domain"] if domain else "") from None
    return row["name"] if row else None


async def is_stored(tenant: Tenant, website_id: UUID) -> bool:
    """Whether its data is there: it lives, or can be restored."""
    (row,) = await tenant.read(queries.is_stored, _at(tenant, website_id))
    stored: bool = row["stored"]
    return stored


async def begin_purge(tenant: Tenant, website_id: UUID, now: datetime) -> bool:
    """Whether it is there still; nobody works with its data from now on."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.begin_purge, _at(tenant, website_id) | {"now": now})
        return row is not None


async def tables_of_websites(database: Database) -> dict[str, set[str]]:
    """Each table with rows of websites, and the tables that its rows refer to."""
    rows = await database.read_directory(queries.tables_of_websites)
    return {row["name"]: set(row["refers_to"]) for row in rows}


async def remove_rows(tenant: Tenant, website_id: UUID, table: str, most: int) -> int:
    """Removes some rows of a website whose time has come; how many."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(
            queries.remove_rows, _at(tenant, website_id) | {"name": table, "most": most}
        )
    assert row is not None
    removed: int = row["removed"]
    return removed


async def require_timezone(tenant: Tenant, name: str) -> None:
    """Raises UnknownTimezone where this PostgreSQL, whose data may be older than ours, does not know it."""
    try:
        await tenant.read(queries.try_timezone, {"timezone": name})
    except psycopg.errors.InvalidParameterValue:
        raise UnknownTimezone(name) from None


def _at(tenant: Tenant, website_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "website_id": website_id}
