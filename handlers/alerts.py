"""Alerts: the operations of spec/paths/alerts*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.alerting.deliveries import service as deliveries
from cloudmetrics.alerting.history import service as history
from cloudmetrics.alerting.preview import service as previews
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.alerting.rules.models import Terms
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, listed, one
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import read_moment


async def list_alerts(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await rules.list_page(caller, query), query)


async def create_alert(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await rules.create(caller, Terms.from_json(body)))


async def get_alert(caller: Caller, alert_id: str) -> dict[str, Any]:
    return one(await rules.get(caller, UUID(alert_id)))


async def update_alert(caller: Caller, alert_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await rules.update(caller, UUID(alert_id), Terms.from_json(body)))


async def patch_alert(caller: Caller, alert_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_alert(caller, alert_id, body)


async def delete_alert(caller: Caller, alert_id: str) -> None:
    await rules.delete(caller, UUID(alert_id))


async def mute_alert(caller: Caller, alert_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await rules.mute(caller, UUID(alert_id), read_moment(body["until"], "until")))


async def unmute_alert(caller: Caller, alert_id: str) -> dict[str, Any]:
    return one(await rules.mute(caller, UUID(alert_id), None))


async def acknowledge_alert(caller: Caller, alert_id: str) -> dict[str, Any]:
    return one(await rules.acknowledge(caller, UUID(alert_id)))


async def get_alert_state(caller: Caller, alert_id: str) -> dict[str, Any]:
    return one((await rules.get(caller, UUID(alert_id))).state)


async def list_alert_history(caller: Caller, request: Request, alert_id: str, **query: Any) -> Answer:
    page = await history.list_page(caller, UUID(alert_id), query)
    return await listed(request, caller, page, query)


async def list_alert_deliveries(caller: Caller, request: Request, alert_id: str, **query: Any) -> Answer:
    page = await deliveries.list_page(caller, UUID(alert_id), query)
    return await listed(request, caller, page, query)


async def resend_alert_delivery(
    caller: Caller, alert_id: str, delivery_id: str
) -> tuple[dict[str, Any], int]:
    return one(await deliveries.resend(caller, UUID(alert_id), UUID(delivery_id))), 202


async def preview_alert(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    start, end = (read_moment(body.get(name), name) for name in ("start_at", "end_at"))
    terms = Terms.from_json({"name": "", "enabled": True, "channels": [], **body})
    found = await previews.preview(caller, terms, start, end)
    return {"data": found.to_json(), "meta": found.question()}
