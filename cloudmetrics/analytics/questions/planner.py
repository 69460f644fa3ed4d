"""Which rollup answers a question: the cheapest that is exact.

The finest dimension that a question groups or filters by decides what it is about:

    visitors' days   time and the seven dimensions of the first touch
    visits           entry_page, exit_page: a visit counts as a whole, on the day on which it starts
    events           page, event_name, properties: each event by itself

A plan has parts that add up: each tells some measures, of all that is asked about, and
no measure is told by two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from cloudmetrics.analytics.goals.conditions import PAGEVIEW, Condition, Kind
from cloudmetrics.analytics.questions import filters
from cloudmetrics.analytics.questions.dimensions import (
    EVENT_NAME,
    FIRST_TOUCH,
    PAGE,
    TIME,
    Interval,
    Level,
    level_of,
)
from cloudmetrics.analytics.questions.models import METRICS, Measure, Question

ADDITIVE = frozenset({Measure.EVENTS, Measure.PAGEVIEWS, Measure.REVENUE, Measure.VISITS})
OF_PAGES = frozenset({Measure.EVENTS, Measure.PAGEVIEWS, Measure.REVENUE})


class Source(StrEnum):
    """Where numbers come from, named after the tables."""

    DAILY_TOTALS = "daily_totals"
    DAILY_GAPS = "daily_gaps"
    DAILY_CUBE = "daily_cube"
    VISITOR_DAYS = "visitor_days"
    VISITOR_DAY_EVENTS = "visitor_day_events"
    GOAL_DAYS = "goal_days"
    PAGE_DAYS = "page_days"
    VISITS = "visits"
    EVENTS = "events"


class Work(IntEnum):
    """What a question goes through: some sums, an index that holds all it asks for, or whole rows."""

    LIGHT = 1
    COVERED = 2
    HEAVY = 3


WORK = {
    Source.DAILY_TOTALS: Work.LIGHT,
    Source.DAILY_GAPS: Work.LIGHT,
    Source.DAILY_CUBE: Work.COVERED,
    Source.VISITOR_DAYS: Work.COVERED,
}
# These count visitors, where each of the others has rows of them.
COUNTED = (Source.DAILY_TOTALS, Source.DAILY_GAPS, Source.DAILY_CUBE)


@dataclass(frozen=True, slots=True)
class Part:
    """Some measures from one source, and why from this one.

    `dimension` is the one that a part from the daily rollups is about, None for all.
    """

    source: Source
    measures: frozenset[Measure]
    reason: str
    dimension: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered. `late` is counted only for those rows that the answer shows."""

    question: Question
    parts: tuple[Part, ...]
    late: Part | None = None

    @property
    def work(self) -> Work:
        return max(WORK.get(part.source, Work.HEAVY) for part in self._all_parts)

    @property
    def _all_parts(self) -> tuple[Part, ...]:
        return self.parts if self.late is None else (*self.parts, self.late)

    def to_json(self) -> list[dict[str, Any]]:
        return [
            {
                "source": _table(part.source, self.question.goal),
                "tells": sorted(measure.value for measure in part.measures),
                "reason": part.reason,
            }
            for part in self._all_parts
        ]


def level(question: Question) -> Level:
    """What a question is about."""
    used = {*question.dimensions, *filters.dimensions(question.filter)}
    return max((level_of(name) for name in used), default=Level.DAY)


def plan(question: Question) -> Plan:
    """The cheapest plan that is exact."""
    match level(question):
        case Level.DAY if by_hour(question) or question.in_spans:
            return from_events(question)
        case Level.DAY:
            return Plan(question, tuple(_of_days(question)))
        case Level.VISIT:
            return from_visits(question)
        case Level.EVENT:
            return _of_events(question)


def by_hour(question: Question) -> bool:
    return TIME in question.dimensions and question.interval is Interval.HOUR


def _by_day(question: Question) -> bool:
    return TIME in question.dimensions and question.interval is Interval.DAY


def _of_days(question: Question) -> list[Part]:
    wanted = question.measures
    traits = _traits(question)
    if len(traits) > 1:
        parts = _of_several_traits(question, wanted)
    else:
        parts = _of_one_trait(question, wanted, next(iter(traits), None))
    if Measure.CONVERSIONS in wanted:
        parts.append(Part(Source.GOAL_DAYS, frozenset({Measure.CONVERSIONS}), _goal_reason(question.goal)))
    return [part for part in parts if part.measures]


def _of_several_traits(question: Question, wanted: frozenset[Measure]) -> list[Part]:
    """The cube adds up, and so do the visitors of one day; those of several days overlap."""
    adding = ADDITIVE | {Measure.VISITORS} if _by_day(question) else ADDITIVE
    return [
        Part(Source.DAILY_CUBE, wanted & adding, "several dimensions of the first touch are combined"),
        Part(Source.VISITOR_DAYS, wanted & {Measure.VISITORS} - adding, "visitors of several days overlap"),
    ]


def _of_one_trait(question: Question, wanted: frozenset[Measure], trait: str | None) -> list[Part]:
    """Days add up, and so do the visitors of one day; those of several days overlap."""
    visitors = wanted & {Measure.VISITORS}
    if _by_day(question):
        told = wanted - {Measure.CONVERSIONS}
        return [Part(Source.DAILY_TOTALS, told, "the days of one dimension at most add up", trait)]
    parts = [Part(Source.DAILY_TOTALS, wanted & ADDITIVE, "the days of one dimension at most add up", trait)]
    if _one_value_a_row(question, trait):
        reason = "visitors of several days, by when each was there before"
        return [*parts, Part(Source.DAILY_GAPS, visitors, reason, trait)]
    reason = f"visitors of several values of {trait} together overlap"
    return [*parts, Part(Source.VISITOR_DAYS, visitors, reason)]


def _one_value_a_row(question: Question, trait: str | None) -> bool:
    """Whether each row of the answer is about one value of the trait, or about all of them."""
    return trait is None or trait in question.dimensions or filters.only_value(question.filter) is not None


def from_visits(question: Question) -> Plan:
    return Plan(question, (Part(Source.VISITS, question.measures, "entry and exit pages belong to visits"),))


def _of_events(question: Question) -> Plan:
    used = {*question.dimensions, *filters.dimensions(question.filter)}
    named = {name for name in used if level_of(name) is not Level.DAY}
    wanted = question.measures
    if by_hour(question) or question.in_spans:
        return from_events(question)
    if named == {EVENT_NAME} and Measure.VISITS not in wanted:
        reason = "events of a name, per visitor and day"
        return Plan(question, (Part(Source.VISITOR_DAY_EVENTS, wanted, reason),))
    if named == {PAGE} and not _traits(question):
        return _of_pages(question, wanted)
    return from_events(question)


def _of_pages(question: Question, wanted: frozenset[Measure]) -> Plan:
    """What adds up comes from page_days; the rest only events tell.

    Where the order allows it, they are asked about the pages in the answer only.
    """
    told = Part(Source.PAGE_DAYS, wanted & OF_PAGES, "events of a page, per day")
    rest = wanted - OF_PAGES
    if not rest:
        return Plan(question, (told,))
    order = {each.by for each in question.full_order}
    ordered = frozenset[Measure]().union(*(METRICS[by] for by in order if by in METRICS))
    if PAGE in question.dimensions and told.measures and ordered <= OF_PAGES:
        return Plan(question, (told,), Part(Source.EVENTS, rest, "of the pages in the answer only"))
    return from_events(question)


def from_events(question: Question) -> Plan:
    """The plan that always works: no rollup tells it, so events are read.

    Where a question is about visitors' days, visits are still placed by their start.
    """
    wanted = question.measures
    reason = "no rollup keeps this combination"
    if level(question) is Level.EVENT:
        return Plan(question, (Part(Source.EVENTS, wanted, reason),))
    parts = (
        Part(Source.EVENTS, wanted - {Measure.VISITS}, reason),
        Part(Source.VISITS, wanted & {Measure.VISITS}, "visits, by the moment at which they start"),
    )
    return Plan(question, tuple(part for part in parts if part.measures))


def _traits(question: Question) -> frozenset[str]:
    """Those of the seven dimensions that a question looks at."""
    used = {*question.dimensions, *filters.dimensions(question.filter)}
    return frozenset(used & set(FIRST_TOUCH))


def goal_name(goal: Condition) -> str | None:
    """The name of the events that complete a goal, where that is all there is to it."""
    plain = goal.kind is Kind.EVENT and goal.minimum_revenue is None
    return goal.event_name if plain else None


def _table(source: Source, goal: Condition | None) -> str:
    """Where the days on which a goal was reached are found depends on the goal."""
    if source is not Source.GOAL_DAYS or goal is None:
        return source.value
    name = goal_name(goal)
    table = Source.VISITOR_DAYS if name == PAGEVIEW else Source.VISITOR_DAY_EVENTS
    return (Source.EVENTS if name is None else table).value


def _goal_reason(goal: Condition | None) -> str:
    name = goal_name(goal) if goal else None
    if name is None:
        return "a page or a minimum revenue is looked for among the events"
    return (
        "visitors' days with a page view"
        if name == PAGEVIEW
        else "visitors' days with an event of the goal's name"
    )
