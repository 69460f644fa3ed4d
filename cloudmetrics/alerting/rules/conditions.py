"""Conditions: what of a source's numbers is a reason to fire, and when that is over.

Whatever the kind, it comes down to one number, the signal, that is compared with a
threshold. Between the threshold and the one at which it is over, nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudmetrics.alerting.watching.models import MetricSource, Source
from cloudmetrics.alerting.watching.windows import Earlier, Window

SENSITIVITY = 3.5


class Kind(StrEnum):
    THRESHOLD = "THRESHOLD"
    CHANGE = "CHANGE"
    ABSENCE = "ABSENCE"
    ANOMALY = "ANOMALY"


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
        kind, source, window = (
            Kind(sent["kind"]),
            MetricSource.from_json(sent["source"]),
            Window(sent["window"]),
        )
        if kind is Kind.ABSENCE:
            return cls(kind, source, window, Direction.BELOW, 1.0, 1.0)
        threshold = float(sent["sensitivity" if kind is Kind.ANOMALY else "threshold"])
        over = threshold if sent["resolve_threshold"] is None else float(sent["resolve_threshold"])
        earlier = Earlier(sent["compare"]) if kind is Kind.CHANGE else None
        return cls(kind, source, window, Direction(sent["direction"]), threshold, over, earlier)

    def is_breached(self, signal: float) -> bool:
        """Whether the signal is a reason to fire."""
        return signal < self.threshold if self.direction is Direction.BELOW else signal > self.threshold

    def is_over(self, signal: float) -> bool:
        """Whether the signal is a reason to resolve, at or beyond the threshold for that."""
        if self.direction is Direction.BELOW:
            return signal >= self.resolve_threshold
        return signal <= self.resolve_threshold


def complete(sent: Mapping[str, Any]) -> dict[str, Any]:
    """A condition that fits the contract, with what was left out filled in."""
    source = {"website_id": None, "filter": None, "goal": None, "goal_id": None} | sent["source"]
    usual: dict[str, Any] = {} if sent["kind"] == Kind.ABSENCE else {"resolve_threshold": None}
    if sent["kind"] == Kind.ANOMALY:
        usual |= {"sensitivity": SENSITIVITY, "direction": Direction.EITHER.value}
    return {**usual, **sent, "source": source}
