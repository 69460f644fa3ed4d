"""What a rule would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudmetrics.alerting.rules.states import Status
from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Incident:
    """When it would have fired, and resolved, unless that is still to come."""

    fired_at: datetime
    value: float | None
    signal: float | None
    resolved_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "fired_at": iso(self.fired_at),
            "resolved_at": iso(self.resolved_at) if self.resolved_at else None,
            "value": self.value,
            "signal": self.signal,
        }


@dataclass(frozen=True, slots=True)
class Point:
    """What one evaluation would have seen."""

    at: datetime
    status: Status
    value: float | None
    signal: float | None
    problem: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {
            "at": iso(self.at),
            "status": self.status.value,
            "value": self.value,
            "signal": self.signal,
            "problem_code": self.problem["code"] if self.problem else None,
        }


@dataclass(frozen=True, slots=True)
class Preview:
    start: datetime
    end: datetime
    step_minutes: int
    incidents: Sequence[Incident]
    points: Sequence[Point]

    def to_json(self) -> dict[str, Any]:
        return {
            "incidents": [each.to_json() for each in self.incidents],
            "points": [each.to_json() for each in self.points],
        }

    def question(self) -> dict[str, Any]:
        return {
            "start_at": iso(self.start),
            "end_at": iso(self.end),
            "step_minutes": self.step_minutes,
            "evaluations": len(self.points),
        }


class PreviewOutOfRange(Exception):
    """A time that cannot be replayed; `pointer` leads to what says so in the body."""

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.pointer = pointer
