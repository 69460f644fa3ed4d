"""What can be done with workspaces."""

from __future__ import annotations

from dataclasses import replace

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.people import store as people
from cloudmetrics.accounts.people.models import EmailTaken, User, normal_email
from cloudmetrics.accounts.workspaces import store
from cloudmetrics.accounts.workspaces.models import InvalidName, Plan, Workspace
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.timezones import require_timezone

LONGEST_NAME = 100


async def get(caller: Caller) -> Workspace:
    """The caller's workspace: its sandbox, where the credential is one for tests."""
    return await of(caller.tenant)


async def of(tenant: Tenant) -> Workspace:
    """The workspace of a tenant. Raises NotFound where it is gone."""
    workspace = await store.get(tenant)
    if workspace is None:
        raise NotFound("workspace")
    return workspace


async def create_workspace(
    database: Database, *, name: str, plan: Plan = "FREE", timezone: str = "UTC", currency: str = "USD"
) -> Workspace:
    """Makes a workspace, and the sandbox beside it. Raises InvalidName, UnknownTimezone."""
    workspace = _new(name, plan, timezone, currency)
    async with database.transaction(workspace.id) as transaction:
        await _create_both(transaction, workspace)
    return workspace


async def create_owner(
    database: Database, *, email: str, workspace_name: str, plan: Plan = "FREE"
) -> tuple[User, Workspace]:
    """Makes an account, and a workspace that it owns: both, or neither.

    Raises InvalidEmail, InvalidName, and EmailTaken where the address has an account already.
    """
    address = normal_email(email)
    workspace = _new(workspace_name, plan, "UTC", "USD")
    user = User(new_id(), address, workspace.created_at)
    async with database.transaction(workspace.id) as transaction:
        if not await people.create(transaction, user):
            raise EmailTaken(f"{address} has an account already.")
        await _create_both(transaction, workspace)
        await people.join(transaction, workspace.id, user.id, "OWNER", workspace.created_at)
        subject = ("WORKSPACE", workspace.id)
        await audit.record(transaction, workspace.id, Actor(user.id), Action.WORKSPACE_CREATED, subject)
    return user, workspace


def _new(name: str, plan: Plan, timezone: str, currency: str) -> Workspace:
    require_timezone(timezone)
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or "\x00" in name:
        raise InvalidName(f"A workspace's name has 1 to {LONGEST_NAME} characters.")
    return Workspace(new_id(), name, plan, timezone, currency, clock.now(), sandbox_id=new_id())


async def _create_both(transaction: Transaction, workspace: Workspace) -> None:
    assert workspace.sandbox_id is not None
    sandbox = replace(workspace, id=workspace.sandbox_id, sandbox_id=None, sandbox_of=workspace.id)
    await store.create(transaction, sandbox)
    await store.create(transaction, workspace)
