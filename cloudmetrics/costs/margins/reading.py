"""What a question about costs leaves to the metrics, and what makes no sense in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudmetrics.analytics.questions.dimensions import TIME, Interval
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound

COST, MARGIN, REVENUE = "cost", "margin", "revenue"
OF_COSTS = frozenset({COST, MARGIN})
CODE = "NOT_OF_COSTS"
MOST_ROWS = 1000
Body = Mapping[str, Any]


def is_about_costs(body: Body) -> bool:
    return not OF_COSTS.isdisjoint(body["metrics"])


def of_metrics(body: Body) -> dict[str, Any]:
    """The same question without costs, with the revenue that a margin needs, and all of its rows.

    Raises QuestionUnsound for what costs cannot be asked: they are known by time alone.
    """
    if faults := list(_faults(body)):
        raise QuestionUnsound(faults)
    metrics = [name for name in body["metrics"] if name not in OF_COSTS]
    if REVENUE not in metrics:
        metrics.append(REVENUE)
    return {**body, "metrics": metrics, "order": [], "limit": MOST_ROWS, "cursor": None}


def _faults(body: Body) -> Iterator[Fault]:
    for number, name in enumerate(body["dimensions"]):
        if name != TIME:
            message = "Costs are known by time alone, and by no trait of visitors."
            yield Fault(CODE, message, f"/dimensions/{number}")
    if TIME in body["dimensions"] and body["interval"] == Interval.HOUR:
        yield Fault(CODE, "Costs are known by the day.", "/interval")
    if body.get("filter"):
        yield Fault(CODE, "Costs cannot be filtered by traits of visitors.", "/filter")
    for number, each in enumerate(body["order"]):
        if each["by"] != TIME or TIME not in body["dimensions"]:
            message = "With costs, rows are in the order of time, and of nothing else."
            yield Fault(CODE, message, f"/order/{number}/by")
