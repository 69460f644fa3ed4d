"""API keys: the operations of spec/paths/api-keys*.yaml."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.api_keys.secrets import mode_of
from cloudmetrics.accounts.relations import OF_API_KEY
from cloudmetrics.accounts.scopes import chosen
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import read_moment


async def list_api_keys(caller: Caller, request: Request, mode: str | None, **query: Any) -> Answer:
    page = await api_keys.list_page(caller, query, mode=mode_of(mode))
    return await listed(request, caller, page, query, OF_API_KEY)


async def create_api_key(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    made = await api_keys.create(
        caller,
        name=body["name"],
        scopes=chosen(body.get("scopes"), body.get("preset")),
        mode=mode_of(body.get("mode")),
        expires_at=read_moment(body.get("expires_at"), "expires_at"),
        allowed_networks=body["allowed_networks"],
    )
    return created(request, made)


async def get_api_key(caller: Caller, api_key_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await api_keys.get(caller, UUID(api_key_id)), expand, OF_API_KEY)


async def update_api_key(caller: Caller, api_key_id: str, body: dict[str, Any]) -> dict[str, Any]:
    changed = await api_keys.update(
        caller,
        UUID(api_key_id),
        name=body["name"],
        scopes=body["scopes"],
        expires_at=read_moment(body["expires_at"], "expires_at"),
        allowed_networks=body["allowed_networks"],
    )
    return one(changed)


async def patch_api_key(caller: Caller, api_key_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_api_key(caller, api_key_id, body)


async def revoke_api_key(caller: Caller, api_key_id: str) -> None:
    await api_keys.revoke(caller, UUID(api_key_id))


async def rotate_api_key(caller: Caller, request: Request, api_key_id: str, body: dict[str, Any]) -> Answer:
    made = await api_keys.rotate(
        caller,
        UUID(api_key_id),
        overlap=timedelta(seconds=body["overlap_seconds"]),
        expires_at=read_moment(body.get("expires_at"), "expires_at"),
    )
    return created(request, made, levels=2)
