"""Rows in which costs stand beside what was earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cloudmetrics.analytics.questions.models import Numbers, json_of
from cloudmetrics.costs.margins.reading import COST, MARGIN, REVENUE
from cloudmetrics.costs.money import EXACT, Amount, of_minor
from cloudmetrics.costs.reports.models import ByCurrency

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """What was earned and what it cost, each by currency; `usual` is the one that 0 is told in."""

    revenue: ByCurrency
    cost: ByCurrency
    usual: str

    def cost_amount(self) -> Amount | None:
        """None where it is in several currencies."""
        if len(self.cost) > 1:
            return None
        currency = next(iter(self.cost), self.usual)
        return Amount(self.cost.get(currency, NOTHING), currency)

    def margin(self) -> Amount | None:
        """What is left of the revenue; None where not all of both is in one currency."""
        currencies = self.revenue.keys() | self.cost.keys()
        if len(currencies) > 1:
            return None
        currency = next(iter(currencies), self.usual)
        earned, spent = self.revenue.get(currency, NOTHING), self.cost.get(currency, NOTHING)
        return Amount(EXACT.subtract(earned, spent), currency)

    def to_json(self, wanted: frozenset[str]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if COST in wanted:
            cost = self.cost_amount()
            shown[COST] = cost.to_json() if cost else None
            shown["cost_by_currency"] = [
                Amount(amount, currency).to_json() for currency, amount in sorted(self.cost.items())
            ]
        if MARGIN in wanted:
            margin = self.margin()
            shown[MARGIN] = margin.to_json() if margin else None
        return shown


def row(
    dimensions: Mapping[str, str | None],
    metrics: Mapping[str, Any] | None,
    cost: ByCurrency,
    wanted: tuple[str, ...],
    usual: str,
) -> dict[str, Any]:
    """A row of an answer. `metrics` are those of the same time, None where nothing happened."""
    if metrics is None:
        names = [name for name in wanted if name not in (COST, MARGIN)]
        metrics = {name: json_of(Numbers().metric(name, usual)) for name in names}
        metrics = metrics | {"revenue_by_currency": []}
    earned = {
        money["currency"]: of_minor(money["amount_minor"], money["currency"])
        for money in metrics["revenue_by_currency"]
    }
    kept = {*wanted, *(["revenue_by_currency"] if REVENUE in wanted else [])}
    shown = {name: value for name, value in metrics.items() if name in kept}
    balance = Balance(earned, cost, usual).to_json(frozenset(wanted))
    return {"dimensions": dict(dimensions), "metrics": shown | balance}
