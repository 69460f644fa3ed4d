"""Costs: the operations of spec/paths/costs*.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from cloudmetrics.contract import Request
from cloudmetrics.costs.allocations import service as allocations
from cloudmetrics.costs.forecasts import service as forecasts
from cloudmetrics.costs.imports import service as imports
from cloudmetrics.costs.imports.models import OnError
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.gateway.shapes import Answer, accepted, created, listed, one
from cloudmetrics.platform.caller import Caller


async def get_costs(
    caller: Caller,
    start_date: str | None,
    end_date: str | None,
    interval: str,
    cost: str,
    tag: list[str] | None,
    **filters: str | None,
) -> dict[str, Any]:
    question = reports.ask(
        caller.tenant, start_date=start_date, end_date=end_date, cost=cost, filters=filters, tags=tag or ()
    )
    found = await reports.costs(caller, question, interval)
    return {"data": found.to_json(), "meta": found.to_meta()}


async def get_cost_breakdown(
    caller: Caller,
    dimension: str,
    top: int,
    start_date: str | None,
    end_date: str | None,
    cost: str,
    tag: list[str] | None,
    **filters: str | None,
) -> dict[str, Any]:
    question = reports.ask(
        caller.tenant, start_date=start_date, end_date=end_date, cost=cost, filters=filters, tags=tag or ()
    )
    found = await reports.breakdown(caller, question, dimension, top)
    return {"data": found.to_json(), "meta": found.to_meta()}


async def get_cost_forecast(
    caller: Caller, cost: str, tag: list[str] | None, **filters: str | None
) -> dict[str, Any]:
    question = reports.ask(caller.tenant, cost=cost, filters=filters, tags=tag or ())
    today = reports.today(caller.tenant)
    found = await forecasts.of_month(caller.tenant, question.cost, question.filters, today)
    return {"data": found.to_json(), "meta": found.question.to_json()}


async def list_cost_imports(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await imports.list_page(caller, query), query)


async def create_cost_import(
    caller: Caller, request: Request, body: AsyncIterator[bytes], on_error: str
) -> Answer:
    return accepted(request, await imports.create(caller, body, OnError(on_error)))


async def get_cost_import(caller: Caller, import_id: str) -> dict[str, Any]:
    return one(await imports.get(caller, UUID(import_id)))


async def list_cost_allocations(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await allocations.list_page(caller, query), query)


async def create_cost_allocation(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    made = await allocations.create(
        caller,
        tag_key=body["tag_key"],
        tag_value=body["tag_value"],
        website_id=UUID(body["website_id"]),
    )
    return created(request, made)


async def get_cost_allocation(caller: Caller, allocation_id: str) -> dict[str, Any]:
    return one(await allocations.get(caller, UUID(allocation_id)))


async def delete_cost_allocation(caller: Caller, allocation_id: str) -> None:
    await allocations.delete(caller, UUID(allocation_id))
