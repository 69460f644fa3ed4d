"""Values of metrics: many at once, by as few statements as tell them.

What differs only in the metric or in the period is one question. Its spans of time are
answered by one statement, and the ranges of days of one website by another.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import orjson

from cloudmetrics.alerting.watching.models import (
    GOAL_DELETED,
    NO_DATA,
    SEVERAL_CURRENCIES,
    TOO_SLOW,
    UNAVAILABLE,
    WEBSITE_DELETED,
    Ask,
    MetricSource,
    Problem,
    Surroundings,
    Value,
)
from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.metrics.models import DateRange, Money
from cloudmetrics.analytics.questions import filters, store
from cloudmetrics.analytics.questions.composing import Statement, compose, compose_spans
from cloudmetrics.analytics.questions.models import Numbers, Question, Span
from cloudmetrics.analytics.questions.planner import plan
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable

logger = logging.getLogger(__name__)

# No day at all; what is asked of spans does not look at it.
SOME_DAY = DateRange(date(2000, 1, 1), date(2000, 1, 1))
# A statement of more questions than these takes longer to plan than two of half as many.
MOST_AT_ONCE = 16
# How long a statement may take, and of how many spans each is tried by itself where it takes longer.
SECONDS = 5.0
MOST_APART = 12
MONEY = frozenset({"revenue", "revenue_per_visitor"})

# A question of all the metrics that are asked for, and for whom it is asked.
Asked = tuple[Question, list[Ask]]


async def values(tenant: Tenant, asks: Collection[Ask], around: Surroundings) -> dict[Ask, Value]:
    """The value of each ask, or why it has none. No ask is in the way of another one. Raises Unavailable."""
    found: dict[Ask, Value] = {}
    questions: dict[Question, list[Ask]] = defaultdict(list)
    for ask in asks:
        assert isinstance(ask.source, MetricSource)
        question = question_of(ask.source, around)
        if isinstance(question, Problem):
            found[ask] = question
        else:
            questions[replace(question, metrics=(), in_spans=isinstance(ask.period, Span))].append(ask)
    spans = {question: of for question, of in questions.items() if question.in_spans}
    days = {question: of for question, of in questions.items() if not question.in_spans}
    for question, of in spans.items():
        found |= await _of_spans(tenant, question, of)
    for batch in _batches(days):
        found |= await _of_days(tenant, batch)
    return found


def question_of(source: MetricSource, around: Surroundings) -> Question | Problem:
    """What has to be asked for the metric of a source, of whatever period."""
    if source.website_id is not None and source.website_id not in around.websites:
        return WEBSITE_DELETED
    goal = Condition(Kind.EVENT, event_name=source.goal) if source.goal else None
    if source.goal_id is not None:
        goal = around.goals.get(source.goal_id)
        if goal is None:
            return GOAL_DELETED
    sieve = filters.from_json(orjson.loads(source.filter)) if source.filter else None
    return Question(SOME_DAY, (source.metric,), source.website_id, filter=sieve, goal=goal)


async def _of_spans(tenant: Tenant, question: Question, asks: list[Ask]) -> dict[Ask, Value]:
    """One question about all its spans; if that is too much, about each of them."""
    spans = list(dict.fromkeys(ask.period for ask in asks if isinstance(ask.period, Span)))
    statement = compose_spans(tenant.workspace_id, plan(_with_metrics(question, asks)), spans)
    answers = await _answers(tenant, statement)
    if answers is TOO_SLOW and 1 < len(spans) <= MOST_APART:
        apart = [[ask for ask in asks if ask.period == span] for span in spans]
        return {ask: value for of in apart for ask, value in (await _of_spans(tenant, question, of)).items()}
    if isinstance(answers, Problem):
        return dict.fromkeys(asks, answers)
    places = {span: number for number, span in enumerate(spans)}
    return {ask: _value(ask, answers.get(places[ask.period], Numbers())) for ask in asks}  # type: ignore[index]


async def _of_days(tenant: Tenant, batch: list[Asked]) -> dict[Ask, Value]:
    """Several questions about days of one website; if that is too much, each by itself."""
    plans = [plan(_with_metrics(question, asks)) for question, asks in batch]
    answers = await _answers(tenant, compose(tenant.workspace_id, plans))
    if isinstance(answers, Problem):
        if len(batch) > 1:
            apart = [await _of_days(tenant, [each]) for each in batch]
            return {ask: value for found in apart for ask, value in found.items()}
        return dict.fromkeys(batch[0][1], answers)
    return {
        ask: _value(ask, answers.get(number, Numbers()))
        for number, (_, asks) in enumerate(batch)
        for ask in asks
    }


def _batches(questions: dict[Question, list[Ask]]) -> Iterator[list[Asked]]:
    """Questions of one website together, each about one range of days."""
    of_website: dict[UUID | None, dict[Question, list[Ask]]] = defaultdict(lambda: defaultdict(list))
    for question, asks in questions.items():
        for ask in asks:
            assert isinstance(ask.period, DateRange)
            of_website[question.website_id][replace(question, days=ask.period)].append(ask)
    for found in of_website.values():
        together = list(found.items())
        for start in range(0, len(together), MOST_AT_ONCE):
            yield together[start : start + MOST_AT_ONCE]


def _with_metrics(question: Question, asks: Iterable[Ask]) -> Question:
    metrics = {ask.source.metric for ask in asks if isinstance(ask.source, MetricSource)}
    return replace(question, metrics=tuple(sorted(metrics)))


async def _answers(tenant: Tenant, statement: Statement) -> dict[int, Numbers] | Problem:
    """The numbers of each question of a statement that has any. Raises Unavailable."""
    try:
        records = await store.run(tenant, statement, seconds=SECONDS)
    except QueryTooSlow:
        return TOO_SLOW
    except Unavailable:
        raise
    except Exception:
        # A number that no column can hold, for one; the other rules go on.
        logger.exception("what an alert watches cannot be counted")
        return UNAVAILABLE
    return {record["question"]: store.to_row(record, 0).numbers for record in records}


def _value(ask: Ask, numbers: Numbers) -> Value:
    """The metric as a plain number, money in minor units."""
    assert isinstance(ask.source, MetricSource)
    metric = ask.source.metric
    if metric in MONEY and len(numbers.revenue) > 1:
        return SEVERAL_CURRENCIES
    # Where nothing was earned, it is 0 of whatever currency.
    value = numbers.metric(metric, "XXX")
    if value is None:
        return NO_DATA
    return float(value.amount_minor if isinstance(value, Money) else value)
