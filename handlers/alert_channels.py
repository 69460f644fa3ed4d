"""Alert channels: the operations of spec/paths/alert-channels*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.deliveries import service as deliveries
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, listed, one
from cloudmetrics.platform.caller import Caller


async def list_alert_channels(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await channels.list_page(caller, query), query)


async def create_alert_channel(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await channels.create(caller, body))


async def get_alert_channel(caller: Caller, channel_id: str) -> dict[str, Any]:
    return one(await channels.get(caller, UUID(channel_id)))


async def delete_alert_channel(caller: Caller, channel_id: str) -> None:
    await channels.delete(caller, UUID(channel_id))


async def list_alert_channel_deliveries(
    caller: Caller, request: Request, channel_id: str, **query: Any
) -> Answer:
    page = await deliveries.list_page_of_channel(caller, UUID(channel_id), query)
    return await listed(request, caller, page, query)


async def test_alert_channel(caller: Caller, channel_id: str) -> tuple[dict[str, Any], int]:
    return one(await deliveries.test(caller, UUID(channel_id))), 202
