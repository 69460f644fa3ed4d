"""Visitors: the operations of spec/paths/websites_{website_id}_visitors*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.visitors import export
from cloudmetrics.analytics.visitors import service as visitors
from cloudmetrics.contract import Request, Response
from cloudmetrics.gateway.shapes import Answer, many, one
from cloudmetrics.platform.caller import Caller


async def list_visitors(
    caller: Caller,
    request: Request,
    website_id: str,
    start_date: str | None,
    end_date: str | None,
    event_name: str | None,
    minimum_revenue_minor: int | None,
    cursor: str | None,
    limit: int,
    **first_touch: str | None,
) -> Answer:
    page = await visitors.list_page(
        caller,
        UUID(website_id),
        first_touch=FirstTouch(**first_touch),
        start_date=start_date,
        end_date=end_date,
        event_name=event_name,
        minimum_revenue=minimum_revenue_minor,
        cursor=cursor,
        limit=limit,
    )
    return many(request, page, limit)


async def get_visitor(caller: Caller, website_id: str, visitor_id: str) -> dict[str, Any]:
    return one(await visitors.get(caller, UUID(website_id), visitor_id))


async def erase_visitor(caller: Caller, website_id: str, visitor_id: str) -> dict[str, Any]:
    return one(await visitors.erase(caller, UUID(website_id), visitor_id))


async def export_visitor(caller: Caller, website_id: str, visitor_id: str) -> Response:
    lines = await export.lines(caller, UUID(website_id), visitor_id)
    return Response(lines, 200, {}, export.MEDIA_TYPE)


async def list_visits(
    caller: Caller, request: Request, website_id: str, visitor_id: str, cursor: str | None, limit: int
) -> Answer:
    page = await visitors.list_visits(caller, UUID(website_id), visitor_id, cursor=cursor, limit=limit)
    return many(request, page, limit)


async def list_visitor_events(
    caller: Caller, request: Request, website_id: str, visitor_id: str, cursor: str | None, limit: int
) -> Answer:
    page = await visitors.list_events(caller, UUID(website_id), visitor_id, cursor=cursor, limit=limit)
    return many(request, page, limit)
