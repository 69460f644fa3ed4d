"""What can be done with the clock of a sandbox.

How far it is ahead is read anew for each request of a sandbox, so that whatever comes
after a change goes by it, in every process. A live workspace is never asked about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from cloudmetrics.accounts.test_clocks import store
from cloudmetrics.accounts.test_clocks.models import (
    MOST_AHEAD,
    MomentPassed,
    MomentTooFar,
    SandboxRequired,
    TestClock,
)
from cloudmetrics.accounts.workspaces import store as workspaces
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.jobs import defer


async def tenant_of(database: Database, workspace_id: UUID, *, is_sandbox: bool = True) -> Tenant:
    """A workspace with its clock, for whoever has not got it from a caller. Raises Unavailable.

    It costs a query, unless it is known that the workspace is no sandbox.
    """
    if not is_sandbox:
        return Tenant(database, workspace_id)
    return Tenant(database, workspace_id, await store.read_ahead(database, workspace_id))


async def get(caller: Caller) -> TestClock:
    """What the clock shows, as PostgreSQL has it. Raises SandboxRequired."""
    workspace = await workspaces.get(caller.tenant)
    if workspace is None or workspace.sandbox_of is None:
        raise SandboxRequired
    ahead = await store.read_ahead(caller.tenant.database, caller.tenant.workspace_id)
    return TestClock(clock.now(), ahead)


async def advance(caller: Caller, by: timedelta) -> TestClock:
    """Moves the clock forward. Raises SandboxRequired, MomentTooFar."""
    async with _at_the_clock(caller) as transaction:
        moved = await store.ahead(transaction, caller.tenant.workspace_id) + by
        return await _set(caller, transaction, clock.now(), moved, "advance_seconds")


async def advance_to(caller: Caller, moment: datetime) -> TestClock:
    """Moves the clock forward to a moment. Raises SandboxRequired, MomentPassed, MomentTooFar."""
    async with _at_the_clock(caller) as transaction:
        real_time = clock.now()
        shows = real_time + await store.ahead(transaction, caller.tenant.workspace_id)
        if moment <= shows:
            raise MomentPassed(shows)
        return await _set(caller, transaction, real_time, moment - real_time, "to")


async def stop(caller: Caller) -> None:
    """Lets the sandbox live in real time again. Raises SandboxRequired."""
    async with _at_the_clock(caller) as transaction:
        if await store.remove(transaction, caller.tenant.workspace_id):
            await _tell(caller, transaction)


@asynccontextmanager
async def _at_the_clock(caller: Caller) -> AsyncIterator[Transaction]:
    """A transaction in which nobody else moves this clock. Raises SandboxRequired."""
    async with caller.tenant.transaction() as transaction:
        workspace = await workspaces.lock(transaction, caller.tenant.workspace_id)
        if workspace is None or workspace.sandbox_of is None:
            raise SandboxRequired
        yield transaction


async def _set(
    caller: Caller, transaction: Transaction, real_time: datetime, ahead: timedelta, field: str
) -> TestClock:
    if ahead > MOST_AHEAD:
        raise MomentTooFar(field)
    await store.set_ahead(transaction, caller.tenant.workspace_id, ahead)
    await _tell(caller, transaction)
    return TestClock(real_time, ahead)


async def _tell(caller: Caller, transaction: Transaction) -> None:
    """Lets the worker do what is due by the new time."""
    workspace_id = caller.tenant.workspace_id
    await defer(transaction, "test-clock.moved", key=str(workspace_id), workspace_id=workspace_id)
