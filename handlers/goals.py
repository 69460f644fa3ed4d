"""Goals: the operations of spec/paths/goals*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import Dimension
from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.relations import OF_GOAL
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
from cloudmetrics.platform.caller import Caller


async def list_goals(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await goals.list_page(caller, query), query, OF_GOAL)


async def create_goal(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    goal = await goals.create(
        caller,
        website_id=UUID(body["website_id"]),
        name=body["name"],
        condition=Condition.from_json(body["condition"]),
    )
    return created(request, goal)


async def get_goal(caller: Caller, goal_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await goals.get(caller, UUID(goal_id)), expand, OF_GOAL)


async def update_goal(caller: Caller, goal_id: str, body: dict[str, Any]) -> dict[str, Any]:
    condition = Condition.from_json(body["condition"])
    return one(await goals.update(caller, UUID(goal_id), name=body["name"], condition=condition))


async def patch_goal(caller: Caller, goal_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_goal(caller, goal_id, body)


async def delete_goal(caller: Caller, goal_id: str) -> None:
    await goals.delete(caller, UUID(goal_id))


async def restore_goal(caller: Caller, goal_id: str) -> dict[str, Any]:
    return one(await goals.restore(caller, UUID(goal_id)))


async def get_goal_completions(
    caller: Caller, goal_id: str, start_date: str | None, end_date: str | None, dimension: str | None
) -> dict[str, Any]:
    found = await goals.completions(
        caller,
        UUID(goal_id),
        start_date=start_date,
        end_date=end_date,
        dimension=Dimension(dimension) if dimension else None,
    )
    return {"data": found.to_json(), "meta": found.question()}
