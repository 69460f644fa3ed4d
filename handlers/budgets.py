"""Budgets: the operations of spec/paths/costs_budgets*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.contract import Request
from cloudmetrics.costs.budgets import service as budgets
from cloudmetrics.costs.budgets.models import Wish
from cloudmetrics.gateway.shapes import Answer, created, listed, one
from cloudmetrics.platform.caller import Caller


async def list_budgets(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await budgets.list_page(caller, query), query)


async def create_budget(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await budgets.create(caller, Wish.from_json(body)))


async def get_budget(caller: Caller, budget_id: str) -> dict[str, Any]:
    return one(await budgets.get(caller, UUID(budget_id)))


async def update_budget(caller: Caller, budget_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await budgets.update(caller, UUID(budget_id), Wish.from_json(body)))


async def patch_budget(caller: Caller, budget_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_budget(caller, budget_id, body)


async def delete_budget(caller: Caller, budget_id: str) -> None:
    await budgets.delete(caller, UUID(budget_id))


async def get_budget_status(caller: Caller, budget_id: str) -> dict[str, Any]:
    return one(await budgets.status(caller.tenant, UUID(budget_id)))
