"""How a rule stands: what the last evaluation saw, and the incident that is open, if one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.alerting.watching.models import BUDGET_DELETED, GOAL_DELETED, WEBSITE_DELETED
from cloudmetrics.platform.clock import iso

# What is watched is gone, so that whatever was wrong with it is nothing to act upon.
GONE = frozenset({WEBSITE_DELETED.code, GOAL_DELETED.code, BUDGET_DELETED.code})


class Status(StrEnum):
    OK = "OK"
    FIRING = "FIRING"
    RESOLVED = "RESOLVED"
    NO_DATA = "NO_DATA"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class State:
    """The columns of a rule's state.

    `streak` counts the evaluations in a row that spoke for the other state.
    `notified` says whether people were told of the open incident.
    """

    revision: int = 0
    evaluated_at: datetime | None = None
    value: float | None = None
    signal: float | None = None
    details: Mapping[str, Any] | None = None
    streak: int = 0
    incident_id: UUID | None = None
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    notified: bool = False
    acknowledged_at: datetime | None = None
    acknowledged_by: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None

    @property
    def is_firing(self) -> bool:
        return self.incident_id is not None

    @property
    def status(self) -> Status:
        code = self.problem["code"] if self.problem else None
        if self.is_firing and code not in GONE:
            return Status.FIRING
        if code is not None:
            return Status.NO_DATA if code == "NO_DATA" else Status.FAILED
        return Status.RESOLVED if self.resolved_at else Status.OK

    def to_json(self) -> dict[str, Any]:
        """All that the last evaluation saw, which is another thing every minute."""
        return self.standing() | {
            "evaluated_at": iso(self.evaluated_at) if self.evaluated_at else None,
            "value": self.value,
            "signal": self.signal,
        }

    def standing(self) -> dict[str, Any]:
        """What changes only when something happens."""
        return {
            "status": self.status.value,
            "problem": dict(self.problem) if self.problem else None,
            "incident": self._incident(),
            "resolved_at": iso(self.resolved_at) if self.resolved_at else None,
        }

    def _incident(self) -> dict[str, Any] | None:
        if self.incident_id is None or self.fired_at is None:
            return None
        return {
            "id": str(self.incident_id),
            "fired_at": iso(self.fired_at),
            "notified": self.notified,
            "acknowledged_at": iso(self.acknowledged_at) if self.acknowledged_at else None,
            "acknowledged_by": dict(self.acknowledged_by) if self.acknowledged_by else None,
        }
