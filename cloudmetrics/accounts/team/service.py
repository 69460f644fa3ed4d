"""What can be done with the team of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.api_keys.models import ScopeNotHeld
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.roles import scopes_of_role
from cloudmetrics.accounts.team import store
from cloudmetrics.accounts.team.models import LastOwner, Member
from cloudmetrics.accounts.workspaces.models import OwnerRequired, PersonRequired
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.paging import Page


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Member]:
    """The members that a query asks for, those with the oldest accounts first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.MEMBERS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def by_ids(caller: Caller, user_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Those of some people who are members."""
    asked = store.MEMBERS.ask(caller, {"id_in": user_ids, "limit": len(user_ids)})
    return {member.id: member.to_json() for member in await store.listed(caller.tenant, asked)}


async def get(caller: Caller, user_id: UUID) -> Member:
    """Raises NotFound."""
    return _found(await store.get(caller.tenant, user_id))


async def change_role(caller: Caller, user_id: UUID, role: Role) -> Member:
    """Raises NotFound, LastOwner, OwnerRequired, ScopeNotHeld."""
    require_can_grant(caller, role)
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        member = await _taken(transaction, caller, user_id, role)
        if member.role == role:
            return member
        await store.change_role(transaction, workspace_id, user_id, role)
        await access.note(transaction, user_id)
        await _record(
            transaction, caller, Action.MEMBER_ROLE_CHANGED, user_id, before=member.role, after=role
        )
    return replace(member, role=role)


async def remove(caller: Caller, user_id: UUID) -> None:
    """Raises NotFound, LastOwner, OwnerRequired."""
    async with caller.tenant.transaction() as transaction:
        await _taken(transaction, caller, user_id)
        await _remove(transaction, caller, user_id)


async def leave(caller: Caller) -> None:
    """The person who calls is no member any more. Raises PersonRequired, LastOwner, NotFound."""
    if caller.user_id is None:
        raise PersonRequired
    async with caller.tenant.transaction() as transaction:
        await _taken(transaction, caller, caller.user_id)
        await _remove(transaction, caller, caller.user_id)


def require_can_grant(caller: Caller, role: Role) -> None:
    """Raises OwnerRequired, ScopeNotHeld: nobody can give a role that may do what they may not."""
    if role == "OWNER" and caller.role != "OWNER":
        raise OwnerRequired
    if missing := scopes_of_role(role) - caller.scopes:
        raise ScopeNotHeld(missing)


async def _taken(transaction: Transaction, caller: Caller, user_id: UUID, role: Role | None = None) -> Member:
    """The member, held for a change after which they have this role, or none.

    Raises NotFound, OwnerRequired, LastOwner.
    """
    workspace_id = caller.tenant.workspace_id
    owners = await store.lock_owners(transaction, workspace_id)
    member = _found(await store.lock(transaction, workspace_id, user_id))
    if member.role == "OWNER":
        if caller.role != "OWNER":
            raise OwnerRequired
        if role != "OWNER" and owners == [user_id]:
            raise LastOwner
    return member


async def _remove(transaction: Transaction, caller: Caller, user_id: UUID) -> None:
    await store.remove(transaction, caller.tenant.workspace_id, user_id)
    await access.note(transaction, user_id)
    await _record(transaction, caller, Action.MEMBER_REMOVED, user_id)


async def _record(
    transaction: Transaction, caller: Caller, action: Action, user_id: UUID, **details: object
) -> None:
    await audit.record(
        transaction, caller.tenant.workspace_id, Actor.of(caller), action, ("USER", user_id), **details
    )


def _found(member: Member | None) -> Member:
    if member is None:
        raise NotFound("member")
    return member
