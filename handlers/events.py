"""Events: the operations of spec/paths/events*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.event_log import formats
from cloudmetrics.analytics.event_log import service as event_log
from cloudmetrics.analytics.events import service as events
from cloudmetrics.contract import Request, Response
from cloudmetrics.gateway.shapes import Answer, many, one
from cloudmetrics.platform.caller import Caller


async def create_events(caller: Caller, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    user_agent = request.headers.get("user-agent", "")
    return one(await events.create(caller, body["events"], user_agent))


async def list_events(
    caller: Caller,
    request: Request,
    website_id: str | None,
    name: str | None,
    visitor_id: str | None,
    from_: str | None,
    to: str | None,
    cursor: str | None,
    limit: int,
) -> Answer:
    page = await event_log.list_page(
        caller,
        website_id=UUID(website_id) if website_id else None,
        name=name,
        visitor_id=visitor_id,
        start=from_,
        end=to,
        cursor=cursor,
        limit=limit,
    )
    return many(request, page, limit)


async def get_event(caller: Caller, event_id: str) -> dict[str, Any]:
    return one(await event_log.get(caller, event_id))


async def export_events(
    caller: Caller, website_id: str, from_: str | None, to: str | None, format: str
) -> Response:
    pages = await event_log.export(caller, UUID(website_id), start=from_, end=to)
    write, media_type, suffix = EXPORTS[format]
    headers = {"content-disposition": f'attachment; filename="events-{website_id}.{suffix}"'}
    return Response(write(pages), headers=headers, media_type=media_type)


EXPORTS = {
    "NDJSON": (formats.ndjson, "application/x-ndjson", "ndjson"),
    "PARQUET": (formats.parquet, "application/vnd.apache.parquet", "parquet"),
}
