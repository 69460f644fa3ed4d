"""What can be done with budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.costs.budgets import store
from cloudmetrics.costs.budgets.models import Budget, BudgetStatus, Wish
from cloudmetrics.costs.forecasts import service as forecasts
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant, Transaction
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


async def create(caller: Caller, wish: Wish) -> Budget:
    async with caller.tenant.transaction() as transaction:
        now = clock.now_of(caller.tenant)
        budget = _found(await store.create(transaction, caller.tenant, new_id(), wish, now))
        await _record(transaction, caller, Action.BUDGET_CREATED, budget)
    return budget


async def update(caller: Caller, budget_id: UUID, wish: Wish) -> Budget:
    """Replaces all of it. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        now = clock.now_of(caller.tenant)
        budget = _found(await store.update(transaction, caller.tenant, budget_id, wish, now))
        await _record(transaction, caller, Action.BUDGET_UPDATED, budget)
    return budget


async def delete(caller: Caller, budget_id: UUID) -> None:
    """Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        budget = _found(await store.delete(transaction, caller.tenant, budget_id))
        await _record(transaction, caller, Action.BUDGET_DELETED, budget)


async def status(tenant: Tenant, budget_id: UUID) -> BudgetStatus:
    """How a budget stands in the present month of UTC. Raises NotFound, QueryTooSlow."""
    budget = await of_tenant(tenant, budget_id)
    today = reports.today(tenant)
    return BudgetStatus(budget, await forecasts.of_month(tenant, budget.cost, budget.filters, today))


async def _record(transaction: Transaction, caller: Caller, action: Action, budget: Budget) -> None:
    actor, subject = Actor.of(caller), ("BUDGET", budget.id)
    details = {"name": budget.name, "amount": budget.amount.to_json()}
    await audit.record(transaction, caller.tenant.workspace_id, actor, action, subject, **details)


def _found(budget: Budget | None) -> Budget:
    if budget is None:
        raise NotFound("budget")
    return budget
