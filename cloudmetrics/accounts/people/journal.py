"""What is done to people's accounts: told to them, and written into the log of each workspace they are in."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.people import store
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.jobs import defer

TELL_JOB = "people.tell"


async def record_and_tell(transaction: Transaction, user_id: UUID, actor: Actor, action: Action) -> None:
    """The same, and the person gets a mail, since it may have been somebody else."""
    await defer(transaction, TELL_JOB, user_id=str(user_id), action=action.value)
    await record_everywhere(transaction, user_id, actor, action)


async def record_everywhere(transaction: Transaction, user_id: UUID, actor: Actor, action: Action) -> None:
    """Whoever lets somebody in may know how well that person's account is kept.

    Ends with the transaction working for the last of the person's workspaces.
    """
    for workspace_id in await store.workspaces_in(transaction, user_id):
        await transaction.switch_tenant(workspace_id)
        await audit.record(transaction, workspace_id, actor, action, ("USER", user_id))
