"""Funnels: the operation of spec/paths/funnels_query.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.funnels import service as funnels
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.platform.caller import Caller


async def query_funnel(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    funnel = await funnels.query(
        caller,
        website_id=UUID(body["website_id"]),
        steps=[Condition.from_json(step) for step in body["steps"]],
        window_hours=int(body["window_hours"]),
        first_touch=FirstTouch(**body.get("filters", {})),
        start_date=body.get("start_date"),
        end_date=body.get("end_date"),
    )
    return {"data": funnel.to_json(), "meta": funnel.question.to_json()}
