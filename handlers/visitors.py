"""Visitors: the operations of spec/paths/websites_{website_id}_visitors*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.visitors import service as visitors
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, many, one
from cloudmetrics.platform.caller import Caller


async def list_visitors(
    caller: Caller, request: Request, website_id: str, cursor: str | None, limit: int
) -> Answer:
    page = await visitors.list_page(caller, UUID(website_id), cursor=cursor, limit=limit)
    return many(request, page, limit)


async def get_visitor(caller: Caller, website_id: str, visitor_id: str) -> dict[str, Any]:
    return one(await visitors.get(caller, UUID(website_id), visitor_id))


async def list_visits(
    caller: Caller, request: Request, website_id: str, visitor_id: str, cursor: str | None, limit: int
) -> Answer:
    page = await visitors.list_visits(caller, UUID(website_id), visitor_id, cursor=cursor, limit=limit)
    return many(request, page, limit)
