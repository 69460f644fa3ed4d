"""What makes no sense in a condition, besides what the contract has checked already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from cloudmetrics.alerting.rules.conditions import Condition, Direction, Kind, is_of_costs
from cloudmetrics.alerting.watching.windows import OF_DAYS
from cloudmetrics.analytics.questions import reading
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.costs.reports.models import UnclearTag
from cloudmetrics.costs.reports.service import tag_filters

POINTER = "/condition"


def require_sound(condition: Mapping[str, Any], today: date) -> None:
    """Raises QuestionUnsound with everything that is wrong."""
    faults = [*_unsound_source(condition, today), *_unsound_thresholds(condition)]
    if faults:
        raise QuestionUnsound(faults)


def _unsound_source(condition: Mapping[str, Any], today: date) -> Iterator[Fault]:
    if condition["kind"] == Kind.BUDGET:
        return
    if is_of_costs(condition["source"]):
        yield from _unsound_costs(condition)
    else:
        yield from _unsound_metric(condition["source"], today)


def _unsound_costs(condition: Mapping[str, Any]) -> Iterator[Fault]:
    """Bills tell of days, and a tag is written key=value."""
    if condition["window"] not in OF_DAYS:
        message = "Costs are known by the day; choose a window of days."
        yield Fault("WINDOW_TOO_SHORT", message, f"{POINTER}/window")
    for number, tag in enumerate(condition["source"]["tags"]):
        try:
            tag_filters([tag])
        except UnclearTag as error:
            yield Fault("UNCLEAR_TAG", str(error), f"{POINTER}/source/tags/{number}")


def _unsound_metric(source: Mapping[str, Any], today: date) -> Iterator[Fault]:
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
