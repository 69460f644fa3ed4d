"""What can be done with workspaces. A sandbox has the settings of its workspace, always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from uuid import UUID

from cloudmetrics.accounts import letters
from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.networks import admits, normal_networks, parsed
from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people import store as people_store
from cloudmetrics.accounts.people.models import EmailTaken, User, normal_email
from cloudmetrics.accounts.team import store as team
from cloudmetrics.accounts.workspaces import store
from cloudmetrics.accounts.workspaces.models import (
    GRACE,
    InvalidName,
    LiveCredentialRequired,
    LockedOut,
    OwnerRequired,
    PersonRequired,
    Plan,
    ShownWorkspace,
    StillReferred,
    TooManyWorkspaces,
    Workspace,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.mail import send_later
from cloudmetrics.platform.paging import Page, page, unseal_id
from cloudmetrics.platform.timezones import require_timezone

LONGEST_NAME = 100
MOST_WORKSPACES = 50
# The list itself, and the notes of changes: each commit leaves one, until there is no such workspace.
GOING_LAST = {"deleted_workspaces", "workspace_changes"}
ROWS_AT_ONCE = 5_000


async def get(caller: Caller) -> Workspace:
    """The caller's workspace: its sandbox, where the credential is one for tests."""
    return await of(caller.tenant)


async def of(tenant: Tenant) -> Workspace:
    """The workspace of a tenant. Raises NotFound where it is gone."""
    return _found(await store.get(tenant))


async def show(caller: Caller, workspace_id: UUID | None = None) -> ShownWorkspace:
    """The caller's workspace, or another one that the credential reaches. Raises NotFound."""
    tenant, role = await _reached(caller, workspace_id)
    return ShownWorkspace(await of(tenant), role)


async def list_page(caller: Caller, *, cursor: str | None = None, limit: int = 100) -> Page[ShownWorkspace]:
    """The workspaces that the credential reaches, oldest first. Raises InvalidCursor."""
    after = unseal_id(caller, "workspaces", cursor)
    everywhere = {caller.tenant.workspace_id} | await _reachable(caller)
    reached = sorted(workspace_id for workspace_id in everywhere if workspace_id > after)
    found: list[ShownWorkspace] = []
    for workspace_id in reached:
        if len(found) > limit:
            break
        try:
            found.append(await show(caller, workspace_id))
        except NotFound:
            # The person is no member any more.
            continue
    return page(caller, "workspaces", found, limit, lambda each: str(each.id))


async def create(caller: Caller, *, name: str, timezone: str, currency: str) -> ShownWorkspace:
    """Makes a workspace that the person owns. Raises PersonRequired, TooManyWorkspaces, UnknownTimezone."""
    if caller.user_id is None:
        raise PersonRequired
    database = caller.tenant.database
    if len(await people_store.workspaces_of(database, caller.user_id)) >= MOST_WORKSPACES:
        raise TooManyWorkspaces(MOST_WORKSPACES)
    workspace = _new(name, "FREE", timezone, currency)
    async with database.transaction(workspace.id) as transaction:
        await _create_owned(transaction, workspace, caller.user_id, Actor.of(caller))
        if caller.credential_id is not None:
            await oauth.extend(transaction, caller.credential_id, workspace.id)
    return ShownWorkspace(workspace, "OWNER")


async def update(
    caller: Caller,
    workspace_id: UUID | None = None,
    *,
    name: str,
    timezone: str,
    currency: str,
    cors_origins: Sequence[str],
    allowed_networks: Sequence[str],
) -> ShownWorkspace:
    """Replaces the settings, of the sandbox as well. The plan is not among them.

    Raises NotFound, LiveCredentialRequired, UnknownTimezone, InvalidNetwork, LockedOut.
    """
    _require_own(caller, workspace_id)
    require_timezone(timezone)
    networks = tuple(normal_networks(allowed_networks))
    if not admits(parsed(networks), caller.address):
        raise LockedOut(caller.address or "an unknown address")
    async with caller.tenant.transaction() as transaction:
        workspace = _found(await store.lock(transaction, caller.tenant.workspace_id))
        _require_live(workspace)
        changed = replace(
            workspace,
            name=_require_name(name),
            timezone=timezone,
            currency=currency,
            cors_origins=tuple(dict.fromkeys(cors_origins)),
            allowed_networks=networks,
        )
        await _store_both(transaction, changed)
        details = {"before": _settings(workspace), "after": _settings(changed)}
        await _record(transaction, caller, workspace.id, Action.WORKSPACE_UPDATED, **details)
    return ShownWorkspace(changed, caller.role)


async def delete(caller: Caller, workspace_id: UUID) -> None:
    """Closes a workspace at once, and removes it for good after GRACE. Twice is as good as once.

    Raises NotFound, OwnerRequired.
    """
    _require_own(caller, workspace_id)
    _require_owner(caller)
    now = clock.now()
    async with caller.tenant.transaction() as transaction:
        workspace = _found(await store.lock(transaction, caller.tenant.workspace_id))
        if workspace.deleted_at is not None:
            return
        await _store_both(transaction, replace(workspace, deleted_at=now))
        for each in _both(workspace):
            await store.put_on_the_list(transaction, each, now + GRACE)
        for owner in await team.owners(transaction, workspace.id):
            letter = letters.deleted_workspace(owner, workspace.name, iso(now + GRACE))
            await send_later(transaction, caller.keyring, letter)
        await _record(transaction, caller, workspace.id, Action.WORKSPACE_DELETED)


async def restore(caller: Caller, workspace_id: UUID) -> ShownWorkspace:
    """Opens a deleted workspace again, with all that is in it; one that lives stays as it is.

    Raises NotFound, also where its time has come; OwnerRequired.
    """
    _require_own(caller, workspace_id)
    _require_owner(caller)
    now = clock.now()
    async with caller.tenant.transaction() as transaction:
        workspace = _found(await store.lock(transaction, caller.tenant.workspace_id))
        if workspace.deleted_at is None:
            return ShownWorkspace(workspace, caller.role)
        for each in _both(workspace):
            if not await store.take_off_the_list(transaction, each, now):
                raise NotFound("workspace")
        restored = replace(workspace, deleted_at=None)
        await _store_both(transaction, restored)
        await _record(transaction, caller, workspace.id, Action.WORKSPACE_RESTORED)
    return ShownWorkspace(restored, caller.role)


async def create_workspace(
    database: Database, *, name: str, plan: Plan = "FREE", timezone: str = "UTC", currency: str = "USD"
) -> Workspace:
    """Makes a workspace, and the sandbox beside it, without people. Raises InvalidName, UnknownTimezone."""
    workspace = _new(name, plan, timezone, currency)
    async with database.transaction(workspace.id) as transaction:
        await _create_both(transaction, workspace, Actor())
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
        if not await people_store.create(transaction, user):
            raise EmailTaken(f"{address} has an account already.")
        await _create_owned(transaction, workspace, user.id, Actor(user.id))
    return user, workspace


async def removals_due(database: Database) -> list[UUID]:
    """Workspaces and sandboxes whose grace is over, the longest first."""
    return await store.due(database, clock.now())


async def remove(database: Database, workspace_id: UUID) -> None:
    """Removes all that a workspace had, whose time has come; the audit log too.

    It goes in many small transactions, so that nobody has to wait for it. One
    that was cut short is taken up again by the next.
    """
    tables = children_first(await store.tenant_tables(database))
    try:
        await _empty(database, workspace_id, tables)
    except StillReferred:
        # Somebody wrote meanwhile, as every process does that has counted requests of it before.
        await _empty(database, workspace_id, tables)
    await store.forget(database, workspace_id, clock.now())


async def _empty(database: Database, workspace_id: UUID, tables: Sequence[str]) -> None:
    for table in tables:
        while await store.remove_rows(database, workspace_id, table, ROWS_AT_ONCE):
            pass


def children_first(refers_to: Mapping[str, set[str]]) -> list[str]:
    """Tables in an order in which no row goes while another refers to it, without those that go last."""
    graph = {name: others - {name} for name, others in refers_to.items()}
    parents_first = [name for name in TopologicalSorter(graph).static_order() if name in refers_to]
    return [name for name in reversed(parents_first) if name not in GOING_LAST]


async def _reached(caller: Caller, workspace_id: UUID | None) -> tuple[Tenant, Role | None]:
    """A workspace that the credential may look at, and the person's role in it. Raises NotFound."""
    if workspace_id is None or workspace_id == caller.tenant.workspace_id:
        return caller.tenant, caller.role
    if caller.user_id is None or workspace_id not in await _reachable(caller):
        raise NotFound("workspace")
    database = caller.tenant.database
    membership = await people.membership(database, caller.user_id, workspace_id)
    if membership is None:
        raise NotFound("workspace")
    return Tenant(database, workspace_id), membership.role


async def _reachable(caller: Caller) -> frozenset[UUID]:
    """The workspaces that a person's token may choose, with one that it has made just now."""
    if caller.user_id is None or caller.credential_id is None:
        return caller.workspace_ids
    return caller.workspace_ids | await oauth.workspaces_of(caller.tenant.database, caller.credential_id)


def _require_own(caller: Caller, workspace_id: UUID | None) -> None:
    """Raises NotFound for any workspace but that for which the caller's scopes hold."""
    if workspace_id not in (None, caller.tenant.workspace_id):
        raise NotFound("workspace")


def _require_owner(caller: Caller) -> None:
    if caller.role != "OWNER":
        raise OwnerRequired


def _require_live(workspace: Workspace) -> None:
    if workspace.sandbox_of is not None:
        raise LiveCredentialRequired


def _require_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or "\x00" in name:
        raise InvalidName(f"A workspace's name has 1 to {LONGEST_NAME} characters.")
    return name


def _new(name: str, plan: Plan, timezone: str, currency: str) -> Workspace:
    require_timezone(timezone)
    return Workspace(
        new_id(), _require_name(name), plan, timezone, currency, clock.now(), sandbox_id=new_id()
    )


def _found(workspace: Workspace | None) -> Workspace:
    if workspace is None:
        raise NotFound("workspace")
    return workspace


def _both(workspace: Workspace) -> list[UUID]:
    return [workspace.id, *([workspace.sandbox_id] if workspace.sandbox_id else [])]


async def _create_owned(transaction: Transaction, workspace: Workspace, owner: UUID, actor: Actor) -> None:
    await _create_both(transaction, workspace, actor)
    await people_store.join(transaction, workspace.id, owner, "OWNER", workspace.created_at)


async def _create_both(transaction: Transaction, workspace: Workspace, actor: Actor) -> None:
    assert workspace.sandbox_id is not None
    sandbox = replace(workspace, id=workspace.sandbox_id, sandbox_id=None, sandbox_of=workspace.id)
    await store.create(transaction, sandbox)
    await store.create(transaction, workspace)
    subject = ("WORKSPACE", workspace.id)
    await audit.record(
        transaction, workspace.id, actor, Action.WORKSPACE_CREATED, subject, name=workspace.name
    )


async def _store_both(transaction: Transaction, workspace: Workspace) -> None:
    """Stores what may change in the sandbox too, tells all processes, and ends as the workspace's tenant."""
    assert workspace.sandbox_id is not None
    sandbox = replace(workspace, id=workspace.sandbox_id, sandbox_id=None, sandbox_of=workspace.id)
    await store.update(transaction, sandbox)
    await store.update(transaction, workspace)
    for each in _both(workspace):
        await access.note(transaction, each)


async def _record(
    transaction: Transaction, caller: Caller, workspace_id: UUID, action: Action, **details: object
) -> None:
    subject = ("WORKSPACE", workspace_id)
    await audit.record(transaction, workspace_id, Actor.of(caller), action, subject, **details)


def _settings(workspace: Workspace) -> dict[str, object]:
    return {
        "name": workspace.name,
        "timezone": workspace.timezone,
        "currency": workspace.currency,
        "cors_origins": list(workspace.cors_origins),
        "allowed_networks": list(workspace.allowed_networks),
    }
