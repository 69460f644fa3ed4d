"""Asking any question of the metrics."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.answers import service as answers
from cloudmetrics.analytics.answers.models import State
from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.analytics.questions import filters, store
from cloudmetrics.analytics.questions.composing import Cut, compose_page
from cloudmetrics.analytics.questions.dimensions import PROPERTY, property_of
from cloudmetrics.analytics.questions.models import Fault, Numbers, Question, QuestionUnsound, Row, json_of
from cloudmetrics.analytics.questions.planner import Plan, plan
from cloudmetrics.analytics.questions.reading import Body, read
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import InvalidCursor
from cloudmetrics.platform.paging import seal, unseal

LISTING = "metrics query"
# Properties that are known to be there, so that they are looked for only once in a process.
_properties: dict[tuple[UUID, UUID | None, str], None] = {}
MOST_PROPERTIES = 10_000


async def query(caller: Caller, body: Body) -> dict[str, Any]:
    """The answer as JSON objects: data, pagination, meta. Raises NotFound, QuestionUnsound,
    InvalidCursor, QueryTooSlow.
    """
    state, question = await _understood(caller, body)
    position = None
    if body.get("cursor"):
        days, position = _open(caller, _digest(body), body["cursor"])
        question = replace(question, days=days)
    if body["dry_run"]:
        return await _explain(caller, plan(question), body["limit"])
    return await ask(caller, body, state, question, position)


async def understand(caller: Caller, body: Body, state: State) -> Question:
    """The question of a body about websites in some state, checked all but for its cursor.

    Raises QuestionUnsound, and NotFound for its goal.
    """
    question = read(body, clock.today_of(caller.tenant, state.timezone), state.currencies)
    if body.get("goal_id"):
        goal = await _goal(caller, UUID(body["goal_id"]), question.website_id)
        question = replace(question, goal=goal)
    await _require_properties(caller, question)
    return question


async def ask(
    caller: Caller, body: Body, state: State, question: Question, position: tuple[Any, ...] | None = None
) -> dict[str, Any]:
    """A page of the answer to what `understand` made of a body, as JSON objects. Raises QueryTooSlow.

    `position` is where the page before ended.
    """
    chosen = plan(question)

    async def draw() -> dict[str, Any]:
        return await _page(caller, state, chosen, Cut(body["limit"] + 1, position), _digest(body))

    answer = await answers.answer(caller, state, _key(body, question, state), draw)
    return answer | {"meta": _meta(question, chosen, None)}


async def check(caller: Caller, body: Body) -> None:
    """Raises whatever makes a question senseless: NotFound, QuestionUnsound."""
    await _understood(caller, body)


async def rows(
    caller: Caller, body: Body, transaction: Transaction, *, most: int, at_once: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of an answer as JSON objects, at most so many, in pages that are all of one moment.

    The body has no cursor. The transaction may write meanwhile. Raises as `query` does.
    """
    state, question = await _understood(caller, body)
    statement = compose_page(caller.tenant.workspace_id, plan(question), Cut(most))
    empty = True
    async for records in store.stream(transaction, statement, at_once):
        empty = False
        yield [
            _row(store.to_row(record, len(question.dimensions)), question, state.currency)
            for record in records
        ]
    if empty and not question.dimensions:
        yield [_row(Row((), Numbers()), question, state.currency)]


async def _understood(caller: Caller, body: Body) -> tuple[State, Question]:
    """The question of a body, and what it finds at this moment. Raises NotFound, QuestionUnsound."""
    website_id = UUID(body["website_id"]) if body.get("website_id") else None
    state = await answers.state(caller, website_id)
    return state, await understand(caller, body, state)


async def _page(caller: Caller, state: State, chosen: Plan, cut: Cut, digest: str) -> dict[str, Any]:
    question = chosen.question
    records = await store.run(caller.tenant, compose_page(caller.tenant.workspace_id, chosen, cut))
    shown = records[: cut.limit - 1]
    rows = [store.to_row(record, len(question.dimensions)) for record in shown]
    if not question.dimensions and not rows:
        rows = [Row((), Numbers())]
    cursor = None
    if len(records) > len(shown):
        after = [shown[-1][f"s{number}"] for number in range(len(question.full_order))]
        cursor = _close(caller, digest, question.days, after)
    return {
        "data": [_row(row, question, state.currency) for row in rows],
        "pagination": {"next_cursor": cursor, "has_more": cursor is not None},
    }


def _row(row: Row, question: Question, currency: str) -> dict[str, Any]:
    metrics = {name: json_of(row.numbers.metric(name, currency)) for name in question.metrics}
    if "revenue" in metrics:
        metrics["revenue_by_currency"] = [money.to_json() for money in row.numbers.by_currency()]
    return {"dimensions": dict(zip(question.dimensions, row.values, strict=True)), "metrics": metrics}


async def _explain(caller: Caller, chosen: Plan, limit: int) -> dict[str, Any]:
    statement = compose_page(caller.tenant.workspace_id, chosen, Cut(limit + 1))
    reads = await store.estimate(caller.tenant, statement)
    return {
        "data": [],
        "pagination": {"next_cursor": None, "has_more": False},
        "meta": _meta(chosen.question, chosen, reads),
    }


def _meta(question: Question, chosen: Plan, reads: Mapping[str, int] | None) -> dict[str, Any]:
    tables = None
    if reads is not None:
        tables = [{"table": table, "rows": rows} for table, rows in sorted(reads.items())]
    return {
        "website_id": str(question.website_id) if question.website_id else None,
        "start_date": question.days.start.isoformat(),
        "end_date": question.days.end.isoformat(),
        "interval": question.interval.value,
        "plan": {"parts": chosen.to_json(), "reads": tables},
    }


async def _goal(caller: Caller, goal_id: UUID, website_id: UUID | None) -> Condition:
    goal = await goals.get(caller, goal_id)
    if goal.website_id != website_id:
        message = f"It is a goal of the website {goal.website_id}; ask for that website_id."
        raise QuestionUnsound([Fault("GOAL_OF_ANOTHER_WEBSITE", message, "/goal_id")])
    return goal.condition


async def _require_properties(caller: Caller, question: Question) -> None:
    """Raises QuestionUnsound where no event ever had a property that is asked for."""
    faults = []
    used = {*question.dimensions, *filters.dimensions(question.filter)}
    for name in sorted(name for name in map(property_of, used) if name is not None):
        if not await _is_known(caller, question.website_id, name):
            message = f"No event ever had the property {name}."
            faults.append(Fault("UNKNOWN_PROPERTY", message, _place(question, f"{PROPERTY}{name}")))
    if faults:
        raise QuestionUnsound(faults)


def _place(question: Question, dimension: str) -> str:
    """Where in the body a dimension is used."""
    if dimension in question.dimensions:
        return f"/dimensions/{question.dimensions.index(dimension)}"
    return "/filter"


async def _is_known(caller: Caller, website_id: UUID | None, name: str) -> bool:
    key = (caller.tenant.workspace_id, website_id, name)
    if key not in _properties:
        if not await store.has_property(caller.tenant, website_id, name):
            return False
        if len(_properties) >= MOST_PROPERTIES:
            _properties.clear()
        _properties[key] = None
    return True


def _key(body: Body, question: Question, state: State) -> dict[str, Any]:
    """All that an answer depends on besides the data."""
    return {
        "operation": "query-metrics",
        **body,
        "start_date": question.days.start,
        "end_date": question.days.end,
        "goal": question.goal.to_json() if question.goal else None,
        "currency": state.currency,
    }


def _digest(body: Body) -> str:
    """Tells questions apart, whatever page of the answer is asked for, and however large it is."""
    asked = {name: value for name, value in body.items() if name not in ("cursor", "limit", "dry_run")}
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _close(caller: Caller, digest: str, days: DateRange, after: list[Any]) -> str:
    # Not by orjson, since a position may be infinite, or a number of any size.
    position = [digest, days.start.isoformat(), days.end.isoformat(), [_plain(value) for value in after]]
    return seal(caller, LISTING, json.dumps(position, ensure_ascii=False))


def _plain(value: Any) -> str | int | float:
    return value if isinstance(value, str | int | float) else int(value)


def _open(caller: Caller, digest: str, cursor: str) -> tuple[DateRange, tuple[Any, ...]]:
    """The days of the first page, and where it ended. Raises InvalidCursor."""
    of, start, end, after = json.loads(unseal(caller, LISTING, cursor))
    if of != digest:
        raise InvalidCursor
    return DateRange(date.fromisoformat(start), date.fromisoformat(end)), tuple(after)
