"""What can be done with budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.costs.budgets import store
from cloudmetrics.costs.budgets.models import Budget, BudgetStatus
from cloudmetrics.costs.forecasts import service as forecasts
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.costs.reports.models import Cost
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Budget]:
    """The budgets that a query asks for, oldest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.BUDGETS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, budget_id: UUID) -> Budget:
    """Raises NotFound."""
    return await of_tenant(caller.tenant, budget_id)


async def of_tenant(tenant: Tenant, budget_id: UUID) -> Budget:
    """Raises NotFound."""
    return _found(await store.get(tenant, budget_id))


async def create(
    caller: Caller, *, name: str, amount: Money, cost: Cost, filters: Mapping[str, str]
) -> Budget:
    now = clock.now_of(caller.tenant)
    return _found(
        await store.write(
            caller.tenant, new_id(), name=name, amount=amount, cost=cost, filters=filters, now=now, new=True
        )
    )


async def update(
    caller: Caller, budget_id: UUID, *, name: str, amount: Money, cost: Cost, filters: Mapping[str, str]
) -> Budget:
    """Replaces all of it. Raises NotFound."""
    now = clock.now_of(caller.tenant)
    return _found(
        await store.write(
            caller.tenant, budget_id, name=name, amount=amount, cost=cost, filters=filters, now=now, new=False
        )
    )


async def delete(caller: Caller, budget_id: UUID) -> None:
    """Raises NotFound."""
    if not await store.delete(caller.tenant, budget_id):
        raise NotFound("budget")


async def status(tenant: Tenant, budget_id: UUID) -> BudgetStatus:
    """How a budget stands in the present month of UTC. Raises NotFound, QueryTooSlow."""
    budget = await of_tenant(tenant, budget_id)
    today = reports.today(tenant)
    return BudgetStatus(budget, await forecasts.of_month(tenant, budget.cost, budget.filters, today))


def _found(budget: Budget | None) -> Budget:
    if budget is None:
        raise NotFound("budget")
    return budget
