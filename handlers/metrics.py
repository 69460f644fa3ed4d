"""Metrics: the operations of spec/paths/metrics*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics import service as metrics
from cloudmetrics.platform.caller import Caller


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
