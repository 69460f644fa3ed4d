"""Sends invitations. The token is made here, so that it never lies in a queue."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts import letters, tokens
from cloudmetrics.accounts.invitations import store
from cloudmetrics.accounts.invitations.service import TOKEN
from cloudmetrics.accounts.links import invitation_link
from cloudmetrics.platform import clock
from cloudmetrics.platform.jobs import JobContext, job, once
from cloudmetrics.platform.mail import send_later


@job("invitations.send")
async def send(context: JobContext, *, workspace_id: UUID, invitation_id: str) -> None:
    """Mails a fresh link. One that was revoked, accepted or closed meanwhile gets none."""
    invited = UUID(invitation_id)
    offer = await store.offer(context.database, workspace_id, invited, clock.now())
    if offer is None:
        return
    token, digest = tokens.new_token(context.keyring, TOKEN)
    link = invitation_link(context.settings.base_url, token)
    async with context.database.transaction(workspace_id) as transaction:
        invitation = await store.lock(transaction, workspace_id, invited)
        if invitation is None or not await once(transaction, context.job_id):
            return
        await store.replace_token(transaction, workspace_id, invited, digest)
        letter = letters.invitation(offer.email, offer.workspace_name, offer.role, link)
        await send_later(transaction, context.keyring, letter, until=invitation.expires_at)
