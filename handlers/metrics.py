"""Metrics: the operations of spec/paths/metrics*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics import service as metrics
from cloudmetrics.analytics.realtime import service as realtime
from cloudmetrics.costs.margins import service as margins
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso


async def get_metrics(
    caller: Caller,
    start_date: str | None,
    end_date: str | None,
    interval: str,
    compare: str | None,
    website_id: str | None,
    goal: str | None,
    **traits: str | None,
) -> dict[str, Any]:
    data, asked = await metrics.get(
        caller,
        start_date=start_date,
        end_date=end_date,
        interval=interval,
        compare=compare,
        website_id=UUID(website_id) if website_id else None,
        traits=traits,
        goal=goal,
    )
    return {"data": data, "meta": asked.to_json()}


async def query_metrics(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    return await margins.query(caller, body)


async def get_realtime_metrics(caller: Caller, website_id: str | None) -> dict[str, Any]:
    found = await realtime.get(caller, UUID(website_id) if website_id else None)
    return {"data": found.to_json(), "meta": {"website_id": website_id, "at": iso(found.at)}}
