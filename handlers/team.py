"""Team: the operations of spec/paths/team*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.accounts.invitations import service as invitations
from cloudmetrics.accounts.relations import OF_INVITATION
from cloudmetrics.accounts.team import service as team
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
from cloudmetrics.platform.caller import Caller


async def list_members(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await team.list_page(caller, query), query)


async def get_member(caller: Caller, user_id: str) -> dict[str, Any]:
    return one(await team.get(caller, UUID(user_id)))


async def update_member(caller: Caller, user_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await team.change_role(caller, UUID(user_id), body["role"]))


async def remove_member(caller: Caller, user_id: str) -> None:
    await team.remove(caller, UUID(user_id))


async def leave_team(caller: Caller) -> None:
    await team.leave(caller)


async def list_invitations(caller: Caller, request: Request, **query: Any) -> Answer:
    page = await invitations.list_page(caller, query)
    return await listed(request, caller, page, query, OF_INVITATION)


async def create_invitation(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await invitations.create(caller, **body))


async def get_invitation(caller: Caller, invitation_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await invitations.get(caller, UUID(invitation_id)), expand, OF_INVITATION)


async def revoke_invitation(caller: Caller, invitation_id: str) -> None:
    await invitations.revoke(caller, UUID(invitation_id))


async def resend_invitation(caller: Caller, invitation_id: str) -> dict[str, Any]:
    return one(await invitations.resend(caller, UUID(invitation_id)))


async def accept_invitation(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return one(await invitations.accept(caller, body["token"]))
