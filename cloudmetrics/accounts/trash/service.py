"""Into the trash, and out of it again, in the transaction of the deed."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts.trash import store
from cloudmetrics.accounts.trash.models import GRACE
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound


async def put(transaction: Transaction, tenant: Tenant, kind: str, thing_id: UUID) -> None:
    """Has a deleted thing removed after GRACE. `kind` is that of `purges`."""
    await store.put(transaction, tenant, kind, thing_id, clock.now_of(tenant) + GRACE)


async def take(transaction: Transaction, tenant: Tenant, kind: str, thing_id: UUID) -> None:
    """Keeps a restored thing from being removed. Raises NotFound where its time has come."""
    if not await store.take(transaction, tenant, kind, thing_id, clock.now_of(tenant)):
        raise NotFound(kind.lower())
