"""What makes no sense in a condition, besides what the contract has checked already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from cloudmetrics.alerting.rules.conditions import Condition, Direction
from cloudmetrics.analytics.questions import reading
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound

POINTER = "/condition"


def require_sound(condition: Mapping[str, Any], today: date) -> None:
    """Raises QuestionUnsound with everything that is wrong."""
    faults = [*_unsound_source(condition["source"], today), *_unsound_thresholds(condition)]
    if faults:
        raise QuestionUnsound(faults)


def _unsound_source(source: Mapping[str, Any], today: date) -> Iterator[Fault]:
    """A source is a question of one metric, and has the same faults."""
    body = {**source, "metrics": [source["metric"]], "dimensions": [], "interval": "DAY", "order": []}
    try:
        reading.read(body, today, ())
    except QuestionUnsound as unsound:
        for fault in unsound.faults:
            place = fault.pointer.replace("/metrics/0", "/metric")
            yield replace(fault, pointer=f"{POINTER}/source{place}")


def _unsound_thresholds(sent: Mapping[str, Any]) -> Iterator[Fault]:
    """Where it is over before it begins, a rule would fire and resolve in turns."""
    condition = Condition.from_json(sent)
    below = condition.direction is Direction.BELOW
    early = condition.resolve_threshold < condition.threshold
    late = condition.resolve_threshold > condition.threshold
    if early if below else late:
        message = (
            f"It has to be {'at least' if below else 'at most'} {condition.threshold:g}, or it would be over "
            "while it is still a reason to fire."
        )
        yield Fault("RESOLVE_THRESHOLD_INVERTED", message, f"{POINTER}/resolve_threshold")
