"""Workspaces: the operations of spec/paths/workspaces*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, many, one
from cloudmetrics.platform.caller import Caller


async def list_workspaces(caller: Caller, request: Request, cursor: str | None, limit: int) -> Answer:
    page = await workspaces.list_page(caller, cursor=cursor, limit=limit)
    return many(request, page, limit)


async def create_workspace(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await workspaces.create(caller, **body))


async def get_workspace_by_id(caller: Caller, workspace_id: str) -> dict[str, Any]:
    return one(await workspaces.show(caller, UUID(workspace_id)))


async def update_workspace_by_id(caller: Caller, workspace_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await workspaces.update(caller, UUID(workspace_id), **body))


async def patch_workspace_by_id(caller: Caller, workspace_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_workspace_by_id(caller, workspace_id, body)


async def delete_workspace(caller: Caller, workspace_id: str) -> None:
    await workspaces.delete(caller, UUID(workspace_id))


async def restore_workspace(caller: Caller, workspace_id: str) -> dict[str, Any]:
    return one(await workspaces.restore(caller, UUID(workspace_id)))
