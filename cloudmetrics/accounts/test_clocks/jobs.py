"""What follows when a sandbox's clock was moved: each area says so for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.jobs import JobContext, job

Follow = Callable[[JobContext, Tenant], Awaitable[None]]

FOLLOWERS: list[Follow] = []


def follows_test_clock(function: Follow) -> Follow:
    """Registers a function that is called with the tenant after its clock was moved, either way.

    It may be called twice for one move, and once for two.
    """
    FOLLOWERS.append(function)
    return function


@job("test-clock.moved")
async def moved(context: JobContext, *, workspace_id: UUID) -> None:
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    for follow in FOLLOWERS:
        await follow(context, tenant)
