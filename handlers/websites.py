"""Websites: the operations of spec/paths/websites*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.relations import OF_WEBSITE
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
from cloudmetrics.platform.caller import Caller


async def list_websites(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await websites.list_page(caller, query), query, OF_WEBSITE)


async def create_website(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await websites.create(caller, **body))


async def get_website(caller: Caller, website_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await websites.get(caller, UUID(website_id)), expand, OF_WEBSITE)


async def update_website(caller: Caller, website_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await websites.update(caller, UUID(website_id), **body))


async def patch_website(caller: Caller, website_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_website(caller, website_id, body)


async def delete_website(caller: Caller, website_id: str) -> None:
    await websites.delete(caller, UUID(website_id))


async def restore_website(caller: Caller, website_id: str) -> dict[str, Any]:
    return one(await websites.restore(caller, UUID(website_id)))
