"""The jobs that empty the trash: one that looks every hour, and one per thing that removes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.test_clocks.jobs import follows_test_clock
from cloudmetrics.accounts.trash import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database, Tenant
from cloudmetrics.platform.jobs import JobContext, Retry, defer, job, periodic

Purge = Callable[[Tenant, UUID], Awaitable[None]]

PURGES: dict[str, Purge] = {}


def purges(kind: str) -> Callable[[Purge], Purge]:
    """Registers what removes a thing of this kind for good. It may be called twice, or after half of it."""

    def register(function: Purge) -> Purge:
        PURGES[kind] = function
        return function

    return register


@periodic("trash.look", cron="41 * * * *")
async def look(context: JobContext) -> None:
    await _empty(context.database, await store.due(context.database, clock.now()))


@follows_test_clock
async def follow(context: JobContext, tenant: Tenant) -> None:
    found = await store.due(context.database, clock.now())
    await _empty(context.database, [each for each in found if each[0] == tenant.workspace_id])


async def _empty(database: Database, found: Sequence[store.Due]) -> None:
    async with database.transaction(NOBODY) as transaction:
        for workspace_id, kind, thing_id in found:
            await defer(
                transaction,
                "trash.purge",
                key=f"{kind} {thing_id}",
                workspace_id=workspace_id,
                kind=kind,
                thing_id=thing_id,
            )


@job("trash.purge", retry=Retry(attempts=3, first=60))
async def purge(context: JobContext, *, workspace_id: UUID, kind: str, thing_id: str) -> None:
    tenant, thing = await test_clocks.tenant_of(context.database, workspace_id), UUID(thing_id)
    if await store.seal(tenant, kind, thing, clock.now_of(tenant)):
        await PURGES[kind](tenant, thing)
        await store.forget(tenant, kind, thing)
