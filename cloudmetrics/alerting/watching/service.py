"""The value of whatever source, over whatever period: the one thing that rules need to know of them."""

from __future__ import annotations

from collections.abc import Collection

from cloudmetrics.alerting.watching import costs, metrics
from cloudmetrics.alerting.watching.models import Ask, CostSource, Surroundings, Value
from cloudmetrics.platform.database import Tenant


async def values(tenant: Tenant, asks: Collection[Ask], around: Surroundings) -> dict[Ask, Value]:
    """The value of each ask, or why it has none. No ask is in the way of another one. Raises Unavailable."""
    of_costs = [ask for ask in asks if isinstance(ask.source, CostSource)]
    of_metrics = [ask for ask in asks if not isinstance(ask.source, CostSource)]
    return await metrics.values(tenant, of_metrics, around) | await costs.values(tenant, of_costs)
