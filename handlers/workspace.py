"""Workspace: the operations of spec/paths/workspace.yaml."""

from __future__ import annotations

from typing import Any

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.gateway.shapes import one
from cloudmetrics.platform.caller import Caller


async def get_workspace(caller: Caller) -> dict[str, Any]:
    return one(await workspaces.show(caller))


async def update_workspace(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return one(await workspaces.update(caller, **body))


async def patch_workspace(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return await update_workspace(caller, body)
