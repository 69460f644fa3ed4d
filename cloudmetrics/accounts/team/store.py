"""Members of a workspace in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts.team.models import Member
from cloudmetrics.platform.caller import Role
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


MEMBERS = Collection(
    "team",
    {
        # Ids grow with time, so this is the order in which people made their accounts.
        "id": Column("member.user_id", Kind.UUID),
        "email": Column("person.email", lower=True),
        "role": Column("member.role"),
        "joined_at": Column("member.created_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Member]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Member(**row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, user_id: UUID) -> Member | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "user_id": user_id})
    return Member(**rows[0]) if rows else None


async def find(transaction: Transaction, workspace_id: UUID, email: str) -> Member | None:
    row = await transaction.fetch_one(queries.find, {"workspace_id": workspace_id, "email": email})
    return Member(**row) if row else None


async def lock_owners(transaction: Transaction, workspace_id: UUID) -> list[UUID]:
    rows = await transaction.fetch(queries.lock_owners, {"workspace_id": workspace_id})
    return [row["user_id"] for row in rows]


async def owners(transaction: Transaction, workspace_id: UUID) -> list[str]:
    """The addresses of the owners."""
    rows = await transaction.fetch(queries.owners, {"workspace_id": workspace_id})
    return [row["email"] for row in rows]


async def lock(transaction: Transaction, workspace_id: UUID, user_id: UUID) -> Member | None:
    row = await transaction.fetch_one(queries.lock, {"workspace_id": workspace_id, "user_id": user_id})
    return Member(**row) if row else None


async def change_role(transaction: Transaction, workspace_id: UUID, user_id: UUID, role: Role) -> None:
    await transaction.execute(
        queries.change_role, {"workspace_id": workspace_id, "user_id": user_id, "role": role}
    )


async def remove(transaction: Transaction, workspace_id: UUID, user_id: UUID) -> None:
    parameters = {"workspace_id": workspace_id, "user_id": user_id}
    await transaction.execute(queries.remove, parameters)
    await transaction.execute(queries.remove_from_directory, parameters)
