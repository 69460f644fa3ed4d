"""How budgets stand on a day: which part of them is spent, or is expected to be."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date
from uuid import UUID

from cloudmetrics.alerting.watching.models import (
    BUDGET_DELETED,
    NO_DATA,
    TOO_SLOW,
    UNAVAILABLE,
    Ask,
    BudgetSource,
    Problem,
    Value,
)
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.budgets import service as budgets
from cloudmetrics.costs.budgets.models import BudgetStatus
from cloudmetrics.costs.forecasts import service as forecasts
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import NotFound, QueryTooSlow, Unavailable

logger = logging.getLogger(__name__)

SPENT = "SPENT"


async def values(tenant: Tenant, asks: Collection[Ask]) -> dict[Ask, Value]:
    """The value of each ask, or why it has none. Raises Unavailable."""
    stand: dict[tuple[UUID, date], BudgetStatus | Problem] = {}
    found: dict[Ask, Value] = {}
    for ask in asks:
        assert isinstance(ask.source, BudgetSource)
        assert isinstance(ask.period, DateRange)
        key = (ask.source.budget_id, ask.period.end)
        if key not in stand:
            stand[key] = await _status(tenant, *key)
        status = stand[key]
        found[ask] = status if isinstance(status, Problem) else _value(ask.source, status)
    return found


async def _status(tenant: Tenant, budget_id: UUID, day: date) -> BudgetStatus | Problem:
    try:
        budget = await budgets.of_tenant(tenant, budget_id)
        return BudgetStatus(budget, await forecasts.of_month(tenant, budget.cost, budget.filters, day))
    except NotFound:
        return BUDGET_DELETED
    except QueryTooSlow:
        return TOO_SLOW
    except Unavailable:
        raise
    except Exception:
        logger.exception("the budget that an alert watches cannot be told")
        return UNAVAILABLE


def _value(source: BudgetSource, status: BudgetStatus) -> Value:
    share = status.share if source.measure == SPENT else status.forecast_share
    return NO_DATA if share is None else share
