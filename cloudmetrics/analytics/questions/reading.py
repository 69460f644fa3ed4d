"""From the body of a question to the question, or to everything that is wrong with it.

The contract has checked types and sizes; what is left is what needs to know the names
of metrics and dimensions, the calendar, or the websites.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.metrics.models import DateOutOfRange, DateRange, RangeInverted, RangeTooLong
from cloudmetrics.analytics.metrics.ranges import date_range, require_few_days
from cloudmetrics.analytics.questions import filters
from cloudmetrics.analytics.questions.dimensions import (
    FIRST_TOUCH,
    OF_EVENTS,
    OF_VISITS,
    PROPERTY,
    TIME,
    Interval,
    is_filterable,
    is_known,
)
from cloudmetrics.analytics.questions.models import METRICS, Fault, Order, Question, QuestionUnsound

DEEPEST = 5
MOST_CONDITIONS = 50
MONEY = {"revenue", "revenue_per_visitor"}
FILTERABLE = (*FIRST_TOUCH, *OF_VISITS, *OF_EVENTS, f"{PROPERTY}<name>")
Body = Mapping[str, Any]


def read(body: Body, today: date, currencies: tuple[str, ...]) -> Question:
    """The question of a body, without a goal that it names by an id.

    `currencies` are those of the websites that it is about. Raises QuestionUnsound.
    """
    faults = [
        *_unknown_metrics(body),
        *_unknown_dimensions(body),
        *_unsound_filter(body),
        *_unsound_order(body, currencies),
        *_unsound_goal(body),
    ]
    days = _days(body, today, faults)
    if faults or days is None:
        raise QuestionUnsound(faults)
    return Question(
        days,
        tuple(body["metrics"]),
        UUID(body["website_id"]) if body.get("website_id") else None,
        tuple(body["dimensions"]),
        Interval(body["interval"]),
        filters.from_json(body["filter"]) if body.get("filter") else None,
        Condition(Kind.EVENT, event_name=body["goal"]) if body.get("goal") else None,
        tuple(Order(each["by"], each["direction"] == "DESC") for each in body["order"]),
    )


def _days(body: Body, today: date, faults: list[Fault]) -> DateRange | None:
    try:
        days = date_range(body.get("start_date"), body.get("end_date"), today)
        if TIME in body["dimensions"]:
            require_few_days(days, body["interval"])
    except DateOutOfRange as error:
        faults.append(Fault("DATE_OUT_OF_RANGE", str(error), f"/{error.parameter}"))
    except RangeInverted as error:
        faults.append(Fault("RANGE_INVERTED", str(error), "/end_date"))
    except RangeTooLong as error:
        faults.append(Fault("RANGE_TOO_LONG", str(error), "/end_date"))
    else:
        return days
    return None


def _unknown_metrics(body: Body) -> Iterator[Fault]:
    for number, name in enumerate(body["metrics"]):
        if name not in METRICS:
            message = f"There is no metric {_clip(name)}; there are {', '.join(METRICS)}."
            yield Fault("UNKNOWN_METRIC", message, f"/metrics/{number}")


def _unknown_dimensions(body: Body) -> Iterator[Fault]:
    for number, name in enumerate(body["dimensions"]):
        if not is_known(name):
            yield _unknown_dimension(name, (TIME, *FILTERABLE), f"/dimensions/{number}")


def _unknown_dimension(name: str, known: tuple[str, ...], pointer: str) -> Fault:
    message = f"There is no dimension {_clip(name)} here; there are {', '.join(known)}."
    return Fault("UNKNOWN_DIMENSION", message, pointer)


def _unsound_filter(body: Body) -> Iterator[Fault]:
    """Walks the tree without recursion, since nobody knows yet how deep it is."""
    todo = [(body["filter"], "/filter", 1)] if body.get("filter") else []
    conditions, deep = 0, None
    while todo:
        node, pointer, depth = todo.pop()
        if depth > DEEPEST:
            deep = deep or pointer
        elif "filters" in node:
            todo += [(each, f"{pointer}/filters/{n}", depth + 1) for n, each in enumerate(node["filters"])]
        elif "filter" in node:
            todo.append((node["filter"], f"{pointer}/filter", depth + 1))
        else:
            conditions += 1
            if not is_filterable(node["dimension"]):
                yield _unknown_dimension(node["dimension"], FILTERABLE, f"{pointer}/dimension")
    if deep:
        yield Fault("FILTER_TOO_DEEP", f"Filters may be nested {DEEPEST} levels deep.", deep)
    if conditions > MOST_CONDITIONS:
        message = f"A filter may have {MOST_CONDITIONS} conditions; IN takes many values at once."
        yield Fault("FILTER_TOO_LARGE", message, "/filter")


def _unsound_order(body: Body, currencies: tuple[str, ...]) -> Iterator[Fault]:
    asked = {*body["metrics"], *body["dimensions"]}
    named: set[str] = set()
    for number, each in enumerate(body["order"]):
        name, pointer = each["by"], f"/order/{number}/by"
        if name not in asked:
            message = f"{_clip(name)} is neither a metric nor a dimension of this question."
            yield Fault("UNKNOWN_ORDER", message, pointer)
        elif name in named:
            yield Fault("UNKNOWN_ORDER", f"{_clip(name)} stands twice in the order.", pointer)
        elif name in MONEY and len(currencies) > 1:
            yield _several_currencies(currencies, pointer)
        named.add(name)
    # Without an order it is the first metric, where there is anything to order.
    by_metric = not body["order"] and body["dimensions"] and TIME not in body["dimensions"]
    if by_metric and body["metrics"][0] in MONEY and len(currencies) > 1:
        yield _several_currencies(currencies, "/order")


def _several_currencies(currencies: tuple[str, ...], pointer: str) -> Fault:
    message = (
        f"Amounts in {', '.join(currencies[:5])} cannot be compared."
        " Name a website_id, or order by something else."
    )
    return Fault("SEVERAL_CURRENCIES", message, pointer)


def _unsound_goal(body: Body) -> Iterator[Fault]:
    if body.get("goal") and body.get("goal_id"):
        yield Fault("GOAL_TWICE", "Send either goal or goal_id.", "/goal_id")
    if "conversion_rate" in body["metrics"] and not body.get("goal") and not body.get("goal_id"):
        pointer = f"/metrics/{body['metrics'].index('conversion_rate')}"
        yield Fault("GOAL_MISSING", "A conversion_rate needs a goal or a goal_id.", pointer)


def _clip(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:49]}…"
