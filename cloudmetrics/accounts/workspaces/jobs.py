"""Removes workspaces whose grace is over, and what no process needs to remember any more."""

from __future__ import annotations

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.platform.jobs import JobContext, periodic


@periodic("workspaces.remove", cron="17 * * * *")
async def remove_deleted(context: JobContext) -> None:
    for workspace_id in await workspaces.removals_due(context.database):
        await workspaces.remove(context.database, workspace_id)


@periodic("access.forget", cron="*/30 * * * *")
async def forget_old_changes(context: JobContext) -> None:
    await access.forget_old(context.database)
