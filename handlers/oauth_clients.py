"""OAuth clients: the operations of spec/paths/oauth-clients*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, listed, one
from cloudmetrics.platform.caller import Caller


async def list_oauth_clients(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await clients.list_page(caller, query), query)


async def create_oauth_client(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await clients.create(caller, **body))


async def get_oauth_client(caller: Caller, client_id: str) -> dict[str, Any]:
    return one(await clients.get(caller, UUID(client_id)))


async def update_oauth_client(caller: Caller, client_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await clients.update(caller, UUID(client_id), **body))


async def patch_oauth_client(caller: Caller, client_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_oauth_client(caller, client_id, body)


async def delete_oauth_client(caller: Caller, client_id: str) -> None:
    await clients.delete(caller, UUID(client_id))


async def rotate_oauth_client_secret(caller: Caller, client_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await clients.rotate_secret(caller, UUID(client_id), **body))
