"""Events: the operations of spec/paths/events.yaml."""

from __future__ import annotations

from typing import Any

from cloudmetrics.analytics.events import service as events
from cloudmetrics.gateway.shapes import one
from cloudmetrics.platform.caller import Caller


async def create_events(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return one(await events.create(caller, body["events"]))
