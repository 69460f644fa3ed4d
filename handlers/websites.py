"""Websites: the operations of spec/paths/websites*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, many, one
from cloudmetrics.platform.caller import Caller


async def list_websites(caller: Caller, request: Request, cursor: str | None, limit: int) -> Answer:
    page = await websites.list_page(caller, cursor=cursor, limit=limit)
    return many(request, page, limit)


async def create_website(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await websites.create(caller, **body))


async def get_website(caller: Caller, website_id: str) -> dict[str, Any]:
    return one(await websites.get(caller, UUID(website_id)))


async def update_website(caller: Caller, website_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await websites.update(caller, UUID(website_id), **body))


async def patch_website(caller: Caller, website_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_website(caller, website_id, body)


async def delete_website(caller: Caller, website_id: str) -> None:
    await websites.delete(caller, UUID(website_id))
