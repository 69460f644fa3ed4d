"""The value of whatever source, over whatever period: the one thing that rules need to know of them."""

from __future__ import annotations

from collections.abc import Collection

from cloudmetrics.alerting.watching import budgets, costs, metrics
from cloudmetrics.alerting.watching.models import (
    Ask,
    BudgetSource,
    CostSource,
    MetricSource,
    Surroundings,
    Value,
)
from cloudmetrics.platform.database import Tenant


async def values(tenant: Tenant, asks: Collection[Ask], around: Surroundings) -> dict[Ask, Value]:
    """The value of each ask, or why it has none. No ask is in the way of another one. Raises Unavailable."""
    of_metrics = [ask for ask in asks if isinstance(ask.source, MetricSource)]
    of_costs = [ask for ask in asks if isinstance(ask.source, CostSource)]
    of_budgets = [ask for ask in asks if isinstance(ask.source, BudgetSource)]
    return {
        **await metrics.values(tenant, of_metrics, around),
        **await costs.values(tenant, of_costs),
        **await budgets.values(tenant, of_budgets),
    }
