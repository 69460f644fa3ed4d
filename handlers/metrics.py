"""Metrics: the operations of spec/paths/metrics.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics import service as metrics
from cloudmetrics.platform.caller import Caller


async def get_metrics(
    caller: Caller,
    start_date: str | None,
    end_date: str | None,
    website_id: str | None,
    source: str | None,
    device: str | None,
    goal: str | None,
) -> dict[str, Any]:
    found, question = await metrics.get(
        caller,
        start_date=start_date,
        end_date=end_date,
        website_id=UUID(website_id) if website_id else None,
        source=source,
        device=device,
        goal=goal,
    )
    return {"data": found.to_json(), "meta": question.to_json()}
