"""Conditions: what of a source's numbers is a reason to fire, and when that is over.

Whatever the kind, it comes down to one number, the signal, that is compared with a
threshold. Between the threshold and the one at which it is over, nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.alerting.watching.models import COST_FILTERS, BudgetSource, CostSource, MetricSource, Source
from cloudmetrics.alerting.watching.windows import Earlier, Window

SENSITIVITY = 3.5
# What is left out of a source.
OF_METRICS: Mapping[str, Any] = {"website_id": None, "filter": None, "goal": None, "goal_id": None}
OF_COSTS: Mapping[str, Any] = {"cost": "BILLED", "currency": None, "tags": [], **dict.fromkeys(COST_FILTERS)}

OF_BUDGETS: Mapping[str, Any] = {"measure": "SPENT", "threshold": 1.0, "resolve_threshold": None}


class Kind(StrEnum):
    THRESHOLD = "THRESHOLD"
    CHANGE = "CHANGE"
    ABSENCE = "ABSENCE"
    ANOMALY = "ANOMALY"
    BUDGET = "BUDGET"


class Direction(StrEnum):
    ABOVE = "ABOVE"
    BELOW = "BELOW"
    EITHER = "EITHER"


@dataclass(frozen=True, slots=True)
class Condition:
    """`compare` is there for CHANGE. EITHER is a direction of ANOMALY, whose signal has no sign then."""

    kind: Kind
    source: Source
    window: Window
    direction: Direction
    threshold: float
    resolve_threshold: float
    compare: Earlier | None = None

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Condition:
        """From what `complete` returned."""
        if sent["kind"] == Kind.BUDGET:
            return cls._of_budget(sent)
        kind, window = Kind(sent["kind"]), Window(sent["window"])
        source = (CostSource if is_of_costs(sent["source"]) else MetricSource).from_json(sent["source"])
        if kind is Kind.ABSENCE:
            return cls(kind, source, window, Direction.BELOW, 1.0, 1.0)
        threshold = float(sent["sensitivity" if kind is Kind.ANOMALY else "threshold"])
        over = threshold if sent["resolve_threshold"] is None else float(sent["resolve_threshold"])
        earlier = Earlier(sent["compare"]) if kind is Kind.CHANGE else None
        return cls(kind, source, window, Direction(sent["direction"]), threshold, over, earlier)

    @classmethod
    def _of_budget(cls, sent: Mapping[str, Any]) -> Condition:
        source, threshold = BudgetSource(UUID(sent["budget_id"]), sent["measure"]), float(sent["threshold"])
        over = threshold if sent["resolve_threshold"] is None else float(sent["resolve_threshold"])
        return cls(Kind.BUDGET, source, Window.MONTH_TO_DATE, Direction.ABOVE, threshold, over)

    @property
    def goal_id(self) -> UUID | None:
        return self.source.goal_id if isinstance(self.source, MetricSource) else None

    def is_breached(self, signal: float) -> bool:
        """Whether the signal is a reason to fire."""
        return signal < self.threshold if self.direction is Direction.BELOW else signal > self.threshold

    def is_over(self, signal: float) -> bool:
        """Whether the signal is a reason to resolve, at or beyond the threshold for that."""
        if self.direction is Direction.BELOW:
            return signal >= self.resolve_threshold
        return signal <= self.resolve_threshold


def is_of_costs(source: Mapping[str, Any]) -> bool:
    return bool(source["kind"] == "COST")


def complete(sent: Mapping[str, Any]) -> dict[str, Any]:
    """A condition that fits the contract, with what was left out filled in."""
    if sent["kind"] == Kind.BUDGET:
        return {**OF_BUDGETS, **sent}
    source = {**(OF_COSTS if is_of_costs(sent["source"]) else OF_METRICS), **sent["source"]}
    usual: dict[str, Any] = {} if sent["kind"] == Kind.ABSENCE else {"resolve_threshold": None}
    if sent["kind"] == Kind.ANOMALY:
        usual |= {"sensitivity": SENSITIVITY, "direction": Direction.EITHER.value}
    return {**usual, **sent, "source": source}
