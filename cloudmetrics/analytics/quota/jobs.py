"""Telling the owners that their events run short: once per month and level."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cloudmetrics.accounts import letters
from cloudmetrics.accounts.team import store as team
from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.quota import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.jobs import JobContext, job
from cloudmetrics.platform.mail import send_later


@job("quota.warn")
async def warn(context: JobContext, *, workspace_id: UUID, month: str, percent: int, limit: int) -> None:
    """Notes the warning with the mails about it, so that none is sent twice or forgotten."""
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    workspace = await workspaces.of(tenant)
    # The people of a sandbox are those of its workspace.
    home = workspace.sandbox_of or workspace.id
    async with tenant.transaction() as transaction:
        of, now = date.fromisoformat(month), clock.now_of(tenant)
        if not await store.note_warning(transaction, workspace_id, of, percent, now):
            return
        await transaction.switch_tenant(home)
        for address in await team.owners(transaction, home):
            letter = letters.scarce_events(
                address, workspace.name, month[:7], percent, limit, sandbox=workspace.sandbox_of is not None
            )
            await send_later(transaction, context.keyring, letter)
