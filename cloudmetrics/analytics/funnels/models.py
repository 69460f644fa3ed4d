"""Questions about funnels, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.metrics.models import DateRange


@dataclass(frozen=True, slots=True)
class FunnelQuestion:
    """The steps in their order, and the hours from the first to the last."""

    website_id: UUID
    days: DateRange
    window_hours: int
    steps: Sequence[Condition]
    first_touch: FirstTouch = field(default_factory=FirstTouch)

    def to_json(self) -> dict[str, Any]:
        return {
            "website_id": str(self.website_id),
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "window_hours": self.window_hours,
            "filters": self.first_touch.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Reached:
    """The visitors who completed a step, and the median of their seconds from the step before."""

    visitors: int = 0
    median_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of each step of a question, in its order."""

    question: FunnelQuestion
    reached: Sequence[Reached]

    def to_json(self) -> dict[str, Any]:
        return {"steps": [self._step(index) for index in range(len(self.reached))]}

    def _step(self, index: int) -> dict[str, Any]:
        here, first = self.reached[index], self.reached[0]
        previous = self.reached[index - 1] if index else None
        return {
            "number": index + 1,
            "condition": self.question.steps[index].to_json(),
            "visitors": here.visitors,
            "drop_off": previous.visitors - here.visitors if previous else None,
            "conversion_from_previous": _ratio(here, previous) if previous else None,
            "conversion_from_first": _ratio(here, first),
            "median_seconds_from_previous": here.median_seconds,
        }


def _ratio(part: Reached, whole: Reached) -> float | None:
    return part.visitors / whole.visitors if whole.visitors else None
