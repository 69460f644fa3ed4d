"""Budgets, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.costs.dimensions import TAG, tag_of
from cloudmetrics.costs.forecasts.models import Forecast, Outlook
from cloudmetrics.costs.money import Amount, of_minor
from cloudmetrics.costs.reports.models import FILTERS, Cost, ratio
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row


@dataclass(frozen=True, slots=True)
class Wish:
    """A budget as somebody wants it."""

    name: str
    amount: Money
    cost: Cost
    filters: Mapping[str, str]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Wish:
        """From a body that fits the contract."""
        amount = Money(int(body["amount"]["amount_minor"]), body["amount"]["currency"])
        return cls(body["name"], amount, Cost(body["cost"]), filters_from_json(body["filters"]))


@dataclass(frozen=True, slots=True)
class Budget:
    """What certain charges may cost in each calendar month of UTC."""

    id: UUID
    name: str
    amount: Money
    cost: Cost
    filters: Mapping[str, str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Budget:
        names = ("id", "name", "filters", "created_at", "updated_at")
        amount = Money(row["amount_minor"], row["currency"])
        return cls(amount=amount, cost=Cost(row["cost"]), **{name: row[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "amount": self.amount.to_json(),
            "cost": self.cost.value,
            "filters": filters_to_json(self.filters),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


def filters_to_json(filters: Mapping[str, str]) -> dict[str, Any]:
    tags = {tag_of(name): value for name, value in filters.items() if name.startswith(TAG)}
    return {**{name: filters.get(name) for name in FILTERS}, "tags": tags}


def filters_from_json(sent: Mapping[str, Any]) -> dict[str, str]:
    """From a body that fits the contract."""
    plain = {name: sent[name] for name in FILTERS if sent.get(name) is not None}
    return plain | {TAG + key: value for key, value in (sent.get("tags") or {}).items()}


class State(StrEnum):
    """How a budget stands: within it, about to go over it, or over it."""

    WITHIN = "WITHIN"
    AT_RISK = "AT_RISK"
    EXCEEDED = "EXCEEDED"


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """How a budget stands in a month. Costs in other currencies stand apart, and use up nothing of it."""

    budget: Budget
    forecast: Forecast

    @property
    def outlook(self) -> Outlook:
        """In the budget's currency."""
        currency = self.budget.amount.currency
        return self.forecast.of(currency) or Outlook(currency, Decimal(0), None)

    @property
    def amount(self) -> Decimal:
        return of_minor(self.budget.amount.amount_minor, self.budget.amount.currency)

    @property
    def share(self) -> float:
        """Which part of it is spent: 1 is all."""
        return ratio(self.outlook.spent, self.amount) or 0.0

    @property
    def forecast_share(self) -> float | None:
        """Which part of it is expected to be spent at the month's end."""
        found = self.outlook.estimate
        return ratio(found.expected, self.amount) if found else None

    @property
    def state(self) -> State:
        if self.outlook.spent > self.amount:
            return State.EXCEEDED
        expected = self.outlook.estimate
        return State.AT_RISK if expected and expected.expected > self.amount else State.WITHIN

    @property
    def others(self) -> Sequence[Outlook]:
        return [each for each in self.forecast.outlooks if each.currency != self.budget.amount.currency]

    def to_json(self) -> dict[str, Any]:
        days = self.forecast.question.days
        shown = self.outlook.to_json()
        shown.pop("currency")
        known_until = self.forecast.known_until
        return {
            "budget_id": str(self.budget.id),
            "start_date": days.start.isoformat(),
            "end_date": days.end.isoformat(),
            "known_until": known_until.isoformat() if known_until else None,
            "state": self.state.value,
            "amount": self.budget.amount.to_json(),
            **shown,
            "share": self.share,
            "forecast_share": self.forecast_share,
            "other_currencies": [Amount(each.spent, each.currency).to_json() for each in self.others],
        }
