"""Events: the operations of spec/paths/events*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.event_log import formats
from cloudmetrics.analytics.event_log import service as event_log
from cloudmetrics.analytics.events import service as events
from cloudmetrics.analytics.relations import OF_EVENT
from cloudmetrics.contract import Request, Response
from cloudmetrics.gateway.shapes import Answer, expanded, listed, one
from cloudmetrics.platform.caller import Caller


async def create_events(caller: Caller, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    user_agent = request.headers.get("user-agent", "")
    return one(await events.create(caller, body["events"], user_agent))


async def list_events(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await event_log.list_page(caller, query), query, OF_EVENT)


async def get_event(caller: Caller, event_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await event_log.get(caller, event_id), expand, OF_EVENT)


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
