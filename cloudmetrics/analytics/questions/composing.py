"""From plans to one statement.

Each part of a plan becomes a SELECT with the same columns: the dimensions, the currency,
and what was counted, 0 where another part tells it. They are added up per question, and
sorted and cut where a page of an answer is wanted. All questions of a statement see the
data of the same moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.questions.dimensions import PAGE, TIME, Interval
from cloudmetrics.analytics.questions.models import RATIOS, Measure, Order, Question, Span
from cloudmetrics.analytics.questions.planner import COUNTED, Part, Plan, Source, Work
from cloudmetrics.analytics.questions.sources import (
    COLUMNS,
    SUMS,
    Reading,
    Values,
    condition,
    dimension,
    goal_days,
    reading,
    within_days,
)

SITE = """site AS NOT MATERIALIZED (
    SELECT workspace_id, website_id, edition, timezone, currency
    FROM websites
    WHERE workspace_id = %(workspace_id)s
      AND deleted_at IS NULL
      AND (%(website_id)s::uuid IS NULL OR website_id = %(website_id)s::uuid)
)"""
COUNTS = ("visitors", "conversions", *SUMS)
DISTINCT = frozenset({Measure.VISITORS, Measure.CONVERSIONS})
KINDS = {str: "text", int: "numeric", float: "float8"}


@dataclass(frozen=True, slots=True)
class Cut:
    """A page of an answer: at most `limit` rows, after the row with these sorting values."""

    limit: int
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """`work` says what it goes through, which decides how it is to be run."""

    sql: str
    parameters: dict[str, Any]
    work: Work


@dataclass
class _Composer:
    """What has been written so far: bound values, and named tables, each of which sees those before it."""

    values: Values = field(default_factory=Values)
    tables: dict[str, str] = field(default_factory=dict)

    def table(self, text: str) -> str:
        """The name of a table of this text. What two questions read alike is so read once."""
        for name, known in self.tables.items():
            if known == text:
                return name
        name = f"read_{len(self.tables)}"
        self.tables[name] = text
        return name


def compose(workspace_id: UUID, plans: Sequence[Plan]) -> Statement:
    """All rows of several questions of one website, or of all: `question` says of which, counted from 0.

    The questions have the same dimensions, or fewer: d0, d1 and so on are null where one has less.
    """
    composer = _Composer()
    columns = max((plan.question.dimensions for plan in plans), key=len)
    selects = [
        f"SELECT {number} AS question, answer.* FROM ({_added_up(plan, columns, composer)}) AS answer"
        for number, plan in enumerate(plans)
    ]
    return _statement(workspace_id, plans, " UNION ALL ".join(selects), composer)


def compose_page(workspace_id: UUID, plan: Plan, cut: Cut) -> Statement:
    """The rows of one page of an answer, in their order; s0, s1 and so on are what they are sorted by."""
    composer = _Composer()
    question = plan.question
    page = _cut(_added_up(plan, question.dimensions, composer), question, cut, composer.values)
    if plan.late is not None:
        page = _with_late(page, plan.late, question, composer)
    return _statement(workspace_id, [plan], page, composer)


def compose_spans(workspace_id: UUID, plan: Plan, spans: Sequence[Span]) -> Statement:
    """One question about several spans of time: `question` says of which a row is, counted from 0.

    The question has no dimensions; a span in which nothing happened has no row.
    """
    composer = _Composer()
    answer = _statement(workspace_id, [plan], _added_up(plan, (), composer), composer)
    values = composer.values
    starts = values.bind([span.start for span in spans])
    ends = values.bind([span.end for span in spans])
    sql = (
        f"SELECT span.number::int - 1 AS question, answer.* FROM unnest({starts}::timestamptz[],"
        f" {ends}::timestamptz[]) WITH ORDINALITY AS span (starts_at, ends_at, number)"
        f" CROSS JOIN LATERAL ({answer.sql}) AS answer"
    )
    return Statement(sql, answer.parameters | values.bound, answer.work)


def _statement(workspace_id: UUID, plans: Sequence[Plan], body: str, composer: _Composer) -> Statement:
    tables = [SITE, *(f"{name} AS ({text})" for name, text in composer.tables.items())]
    of = {"workspace_id": workspace_id, "website_id": plans[0].question.website_id}
    work = max(plan.work for plan in plans)
    return Statement(f"WITH {', '.join(tables)} {body}", composer.values.bound | of, work)


def _added_up(plan: Plan, columns: tuple[str, ...], composer: _Composer, only: str | None = None) -> str:
    """One row per value of each dimension, from all parts of a plan. `only` narrows what is read further."""
    question = plan.question
    parts = " UNION ALL ".join(_part(part, question, columns, composer, only) for part in plan.parts)
    shown = [_shown(number, name, question) for number, name in enumerate(columns)]
    counts = [f"sum({name})::bigint AS {name}" for name in COUNTS if name != "revenue"]
    money = (
        "coalesce(sum(revenue), 0) AS revenue,"
        " jsonb_object_agg(currency, revenue) FILTER (WHERE sales > 0) AS revenue_by_currency"
    )
    keys = ", ".join(f"d{number}" for number, name in enumerate(columns) if name in question.dimensions)
    grouped = f" GROUP BY {keys}" if keys else " HAVING count(*) > 0"
    return f"SELECT {', '.join([*shown, *counts, money])} FROM ({parts}) AS part{grouped}"


def _shown(number: int, name: str, question: Question) -> str:
    if name not in question.dimensions:
        return f"NULL::text AS d{number}"
    if name != TIME:
        return f"d{number}"
    pattern = 'YYYY-MM-DD"T"HH24:00' if question.interval is Interval.HOUR else "YYYY-MM-DD"
    return f"to_char(d{number}, '{pattern}') COLLATE \"C\" AS d{number}"


def _part(
    part: Part, question: Question, columns: tuple[str, ...], composer: _Composer, only: str | None
) -> str:
    """The counts of one part, as a SELECT."""
    keys = [f"d{number}" for number, name in enumerate(columns) if name in question.dimensions]
    padding = [f"NULL AS d{number}" for number, name in enumerate(columns) if name not in question.dimensions]
    rows, counted = _counted(part, keys, _rows(part, question, columns, composer, only))
    shown = [f"{counted.get(name, '0')} AS {name}" for name in COUNTS]
    grouped = ", ".join([*keys, "currency"])
    return f"SELECT {', '.join([*padding, *keys, 'currency', *shown])} FROM {rows} GROUP BY {grouped}"


def _counted(part: Part, keys: list[str], read: str) -> tuple[str, dict[str, str]]:
    """What is counted of a part, and the rows to be grouped for it."""
    sums = [column for measure in part.measures if measure in COLUMNS for column in COLUMNS[measure]]
    counted = {name: f"sum({name})" for name in sums}
    goal = Measure.CONVERSIONS in part.measures and part.source is not Source.GOAL_DAYS
    rows = read
    if part.source is Source.EVENTS and Measure.VISITS in part.measures:
        rows = _per_visit(rows, keys, sums, goal)
    if not part.measures & DISTINCT:
        return rows, counted
    if part.source in COUNTED:
        return rows, counted | {"visitors": "sum(visitors)"}
    rows = _per_visitor(rows, keys, sums, goal)
    if part.source is Source.GOAL_DAYS:
        return rows, counted | {"conversions": "count(*)"}
    if Measure.VISITORS in part.measures:
        counted["visitors"] = "count(*)"
    if goal:
        counted["conversions"] = "count(*) FILTER (WHERE converted)"
    return rows, counted


def _per_visit(rows: str, keys: list[str], sums: list[str], goal: bool) -> str:
    """Events of the same visit as one row, in which the visit counts once."""
    once = {"visits", "bounces", "visit_us"}
    counted = [f"{'min' if name in once else 'sum'}({name}) AS {name}" for name in sums]
    counted += ["bool_or(converted) AS converted"] if goal else []
    same = ", ".join([*keys, "website_id", "currency", "visitor_id", "started_at"])
    return f"(SELECT {', '.join([same, *counted])} FROM {rows} GROUP BY {same}) AS one_visit"


def _per_visitor(rows: str, keys: list[str], sums: list[str], goal: bool) -> str:
    """What one visitor of a website did as one row, so that rows are visitors."""
    counted = [f"sum({name}) AS {name}" for name in sums]
    counted += ["bool_or(converted) AS converted"] if goal else []
    same = [*keys, "website_id", "currency", "visitor_id"]
    return f"(SELECT {', '.join([*same, *counted])} FROM {rows} GROUP BY {', '.join(same)}) AS person"


def _rows(
    part: Part, question: Question, columns: tuple[str, ...], composer: _Composer, only: str | None
) -> str:
    """What a part reads, as a named table: with a column per dimension and count that it needs."""
    values = composer.values
    goal = Measure.CONVERSIONS in part.measures and part.source is not Source.GOAL_DAYS
    reached = None
    if Measure.CONVERSIONS in part.measures and question.goal is not None:
        reached = composer.table(goal_days(question.goal, question, values))
    found = reading(part, question, values, reached)
    selected = ["site.website_id", "site.currency"]
    selected += [
        f"{dimension(name, part, found, question, values)} AS d{number}"
        for number, name in enumerate(columns)
        if name in question.dimensions
    ]
    selected += _counts(part, found, goal)
    where = list(dict.fromkeys([within_days(found, question, values), *found.where]))
    if question.filter is not None:
        where.append(condition(question.filter, part, found, question, values))
    if only is not None:
        where.append(only)
    text = f"SELECT {', '.join(selected)} FROM {found.relation} WHERE {' AND '.join(where)}"
    return composer.table(text)


def _counts(part: Part, found: Reading, goal: bool) -> list[str]:
    counts = [column for measure in part.measures if measure in COLUMNS for column in COLUMNS[measure]]
    selected = [f"{found.columns[name]} AS {name}" for name in sorted(counts)]
    if part.source in COUNTED:
        if Measure.VISITORS in part.measures:
            selected.append(f"{found.columns['visitors']} AS visitors")
    elif part.measures & DISTINCT:
        selected.append(f"{found.person} AS visitor_id")
    if part.source is Source.EVENTS and Measure.VISITS in part.measures:
        selected += [] if part.measures & DISTINCT else [f"{found.person} AS visitor_id"]
        selected.append("visit.started_at")
    return selected + (["goal_day.day IS NOT NULL AS converted"] if goal else [])


def _cut(body: str, question: Question, cut: Cut, values: Values) -> str:
    """Sorts the rows, and leaves those of one page."""
    order = question.full_order
    sorts = [f"{_sorted_by(each.by, question)} AS s{number}" for number, each in enumerate(order)]
    after = f" WHERE {_after(order, cut.after, 0, values)}" if cut.after is not None else ""
    return (
        f"SELECT * FROM (SELECT answer.*, {', '.join(sorts)} FROM ({body}) AS answer) AS page{after}"
        f" ORDER BY {_directions(order)} LIMIT {values.bind(cut.limit)}"
    )


def _directions(order: Sequence[Order]) -> str:
    return ", ".join(f"s{number}{' DESC' if each.descending else ''}" for number, each in enumerate(order))


def _sorted_by(by: str, question: Question) -> str:
    """By what rows are sorted; what is null comes before everything."""
    if by in question.dimensions:
        return f"d{question.dimensions.index(by)}"
    if by == "revenue_per_visitor":
        return "coalesce(revenue::float8 / nullif(visitors, 0), '-Infinity')"
    if by in RATIOS:
        part, whole, _ = RATIOS[by]
        return f"coalesce({part}::float8 / nullif({whole}, 0), '-Infinity')"
    return by


def _after(order: Sequence[Order], position: tuple[Any, ...], number: int, values: Values) -> str:
    """That a row comes later than a position: by the first value, or level in it and later by the rest."""
    kind = (
        "float8" if order[number].by in RATIOS else "text" if isinstance(position[number], str) else "numeric"
    )
    value = f"{values.bind(position[number])}::{kind}"
    later = f"s{number} {'<' if order[number].descending else '>'} {value}"
    if number + 1 == len(order):
        return later
    return f"({later} OR (s{number} = {value} AND {_after(order, position, number + 1, values)}))"


def _with_late(page: str, late: Part, question: Question, composer: _Composer) -> str:
    """A page of an answer with what is counted for its rows only."""
    chosen = composer.table(page)
    only = f"coalesce(event.page, '') IN (SELECT d{question.dimensions.index(PAGE)} FROM {chosen})"
    plan = Plan(question, (late,))
    body = _added_up(plan, question.dimensions, composer, only)
    keys = [f"d{number}" for number in range(len(question.dimensions))]
    told = [column for measure in late.measures for column in COLUMNS.get(measure, (measure.value,))]
    kept = [f"chosen.{name}" for name in (*COUNTS, "revenue_by_currency") if name not in told]
    counted = [f"coalesce(late.{name}, 0) AS {name}" for name in told]
    sorts = [f"chosen.s{number}" for number in range(len(question.full_order))]
    return (
        f"SELECT {', '.join([*keys, *kept, *counted, *sorts])} FROM {chosen} AS chosen"
        f" LEFT JOIN ({body}) AS late USING ({', '.join(keys)}) ORDER BY {_directions(question.full_order)}"
    )
