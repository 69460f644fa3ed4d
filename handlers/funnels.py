"""Funnels: the operations of spec/paths/funnels*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.funnels import service as funnels
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.relations import OF_FUNNEL
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.analytics.saved_funnels.models import Plan
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
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


async def list_funnels(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await saved_funnels.list_page(caller, query), query, OF_FUNNEL)


async def create_funnel(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    funnel = await saved_funnels.create(caller, UUID(body["website_id"]), Plan.from_json(body))
    return created(request, funnel)


async def get_funnel(caller: Caller, funnel_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await saved_funnels.get(caller, UUID(funnel_id)), expand, OF_FUNNEL)


async def update_funnel(caller: Caller, funnel_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await saved_funnels.change(caller, UUID(funnel_id), body))


async def patch_funnel(caller: Caller, funnel_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await saved_funnels.change(caller, UUID(funnel_id), body))


async def delete_funnel(caller: Caller, funnel_id: str) -> None:
    await saved_funnels.delete(caller, UUID(funnel_id))


async def restore_funnel(caller: Caller, funnel_id: str) -> dict[str, Any]:
    return one(await saved_funnels.restore(caller, UUID(funnel_id)))


async def get_funnel_results(
    caller: Caller, funnel_id: str, start_date: str | None, end_date: str | None, **traits: str | None
) -> dict[str, Any]:
    found = await saved_funnels.results(
        caller,
        UUID(funnel_id),
        start_date=start_date,
        end_date=end_date,
        first_touch=FirstTouch(**traits),
    )
    return {"data": found.to_json(), "meta": found.question.to_json()}
