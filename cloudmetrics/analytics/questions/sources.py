"""How each source is read: one row per thing that it keeps, with the columns that a question needs.

Every piece of SQL here is ours; whatever a user wrote is bound as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudmetrics.analytics.goals.conditions import PAGEVIEW, Condition
from cloudmetrics.analytics.questions import filters
from cloudmetrics.analytics.questions.dimensions import (
    EVENT_NAME,
    FIRST_TOUCH,
    OF_VISITS,
    PAGE,
    TIME,
    Interval,
    property_of,
)
from cloudmetrics.analytics.questions.filters import All, Contains, Filter, In, Not, OneOf
from cloudmetrics.analytics.questions.models import Measure, Question
from cloudmetrics.analytics.questions.planner import Part, Source, goal_name

ROLLUP = "USING (workspace_id, website_id, edition)"
COLUMNS: Mapping[Measure, tuple[str, ...]] = {
    Measure.EVENTS: ("events",),
    Measure.PAGEVIEWS: ("pageviews",),
    Measure.REVENUE: ("sales", "revenue"),
    Measure.VISITS: ("visits", "bounces", "visit_us"),
}
HAVE_TRAITS = (Source.DAILY_TOTALS, Source.DAILY_GAPS, Source.DAILY_CUBE, Source.VISITOR_DAYS)
SUMS = tuple(column for columns in COLUMNS.values() for column in columns)


@dataclass
class Values:
    """Binds values to names, so that none of them is ever part of a statement.

    Equal values get the same name, so that equal readings are the same text.
    """

    bound: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[type, str], str] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        name = self._names.setdefault((type(value), repr(value)), f"v{len(self._names)}")
        self.bound[name] = value
        return f"%({name})s"


@dataclass(frozen=True, slots=True)
class Reading:
    """A source as a FROM clause, and what its columns are called.

    `instant` is a moment of time where the source has one, and `day` a day of the website.
    """

    relation: str
    day: str
    columns: Mapping[str, str]
    where: tuple[str, ...] = ()
    instant: str | None = None
    person: str | None = None


def reading(part: Part, question: Question, values: Values, reached: str | None) -> Reading:
    """How a part is read. `reached` is the table of the days on which visitors reached the goal."""
    if part.source is Source.GOAL_DAYS:
        found = Reading(
            f"site JOIN {reached} AS done USING (website_id)", "done.day", {}, person="done.visitor_id"
        )
    else:
        found = READINGS[part.source](part, question, values)
    relation = found.relation
    used = {*question.dimensions, *filters.dimensions(question.filter)}
    if part.source is Source.EVENTS and (Measure.VISITS in part.measures or not used.isdisjoint(OF_VISITS)):
        relation += (
            " JOIN visits AS visit ON visit.workspace_id = event.workspace_id"
            " AND visit.website_id = event.website_id AND visit.visitor_id = event.visitor_id"
            " AND event.occurred_at BETWEEN visit.started_at AND visit.ended_at"
        )
    if part.source not in HAVE_TRAITS and not used.isdisjoint(FIRST_TOUCH):
        same = (
            "touch.workspace_id = site.workspace_id"
            " AND touch.website_id = site.website_id AND touch.edition = site.edition"
            f" AND touch.day = {found.day} AND touch.visitor_id = {found.person}"
        )
        # A span has few rows, so that each is looked up, where a range of days goes through all days.
        looked_up = f"LATERAL (SELECT * FROM visitor_days AS touch WHERE {same} OFFSET 0) AS touch ON true"
        relation += f" JOIN {looked_up if question.in_spans else f'visitor_days AS touch ON {same}'}"
    if part.source is not Source.GOAL_DAYS and reached is not None:
        relation += (
            f" LEFT JOIN {reached} AS goal_day ON goal_day.website_id = site.website_id"
            f" AND goal_day.day = {found.day} AND goal_day.visitor_id = {found.person}"
        )
    return Reading(relation, found.day, found.columns, found.where, found.instant, found.person)


def _daily_totals(part: Part, question: Question, values: Values) -> Reading:
    columns = {name: f"total.{name}" for name in ("visitors", *SUMS)}
    of = f"total.dimension = {values.bind(part.dimension or 'all')}"
    return Reading(
        f"site JOIN daily_totals AS total {ROLLUP}", "total.day", columns, (of, "total.visitors > 0")
    )


def _daily_gaps(part: Part, question: Question, values: Values) -> Reading:
    of = f"gap.dimension = {values.bind(part.dimension or 'all')}"
    first_of_row = f"gap.previous_day < {first_day(question, 'gap.day', values)}"
    return Reading(
        f"site JOIN daily_gaps AS gap {ROLLUP}", "gap.day", {"visitors": "gap.visitors"}, (of, first_of_row)
    )


def _daily_cube(part: Part, question: Question, values: Values) -> Reading:
    columns = {name: f"touch.{name}" for name in ("visitors", *SUMS)}
    return Reading(f"site JOIN daily_cube AS touch {ROLLUP}", "touch.day", columns, ("touch.visitors > 0",))


def _visitor_days(part: Part, question: Question, values: Values) -> Reading:
    """Who was there: what they did, the cube tells in fewer rows."""
    return Reading(f"site JOIN visitor_days AS touch {ROLLUP}", "touch.day", {}, person="touch.visitor_id")


def _visitor_day_events(part: Part, question: Question, values: Values) -> Reading:
    """Page views are not in the table: they are what is left of the visitor's day."""
    days = _days_of_website(question, values)
    earned, others = "0::bigint AS sales, 0::numeric AS revenue", ""
    if Measure.REVENUE in part.measures:
        earned = (
            "whole.sales - coalesce(other.sales, 0) AS sales,"
            " whole.revenue - coalesce(other.revenue, 0) AS revenue"
        )
        others = (
            " LEFT JOIN (SELECT workspace_id, website_id, edition, day, visitor_id,"
            " sum(sales) AS sales, sum(revenue) AS revenue FROM visitor_day_events"
            f" WHERE {days} GROUP BY workspace_id, website_id, edition, day, visitor_id) AS other"
            " USING (workspace_id, website_id, edition, day, visitor_id)"
        )
    named = (
        "(SELECT workspace_id, website_id, edition, name, day, visitor_id,"
        " events, 0::bigint AS pageviews, sales, revenue"
        f" FROM visitor_day_events WHERE {days}"
        f" UNION ALL SELECT workspace_id, website_id, edition, '{PAGEVIEW}', day, visitor_id,"
        f" whole.pageviews, whole.pageviews, {earned}"
        f" FROM visitor_days AS whole{others} WHERE {days} AND whole.pageviews > 0)"
    )
    columns = {name: f"named.{name}" for name in ("events", "pageviews", "sales", "revenue")}
    relation = f"site JOIN {named} AS named {ROLLUP}"
    return Reading(relation, "named.day", columns, person="named.visitor_id")


def _page_days(part: Part, question: Question, values: Values) -> Reading:
    # Whether there was anything at all, events say.
    names = tuple(dict.fromkeys(["events", *(name for each in part.measures for name in COLUMNS[each])]))
    columns = {name: f"paged.{name}" for name in names}
    if filters.passes(question.filter, ""):
        pages = _pages_and_none(names, question, values)
        relation = f"site JOIN ({pages}) AS paged USING (website_id, edition)"
        return Reading(relation, "paged.day", columns)
    return Reading(f"site JOIN page_days AS paged {ROLLUP}", "paged.day", columns, ("paged.events > 0",))


def _pages_and_none(names: tuple[str, ...], question: Question, values: Values) -> str:
    """Pages, and '' for events without one: they are not in the table, but what is left of the days.

    Added up first over the days of each row of the answer, so that the table is read once.
    """
    days = _days_of_website(question, values)
    keys = "website_id, edition"
    row = f"{first_day(question, 'day', values)} AS row_day"
    sums = ", ".join(f"sum({name}) AS {name}" for name in names)
    left = ", ".join(f"whole.{name} - coalesce(paged.{name}, 0) AS {name}" for name in names)
    shown = ", ".join(names)
    return f"""
        WITH by_page AS MATERIALIZED (
            SELECT {keys}, {row}, page, {sums} FROM page_days WHERE {days} GROUP BY {keys}, row_day, page
        ), whole AS (
            SELECT {keys}, {row}, {sums} FROM daily_totals
            WHERE {days} AND dimension = 'all'
            GROUP BY {keys}, row_day
        ), paged AS (
            SELECT {keys}, row_day, {sums} FROM by_page GROUP BY {keys}, row_day
        )
        SELECT {keys}, row_day AS day, page, {shown} FROM by_page WHERE events > 0
        UNION ALL
        SELECT {keys}, row_day AS day, '', {left} FROM whole LEFT JOIN paged USING ({keys}, row_day)
        WHERE whole.events > coalesce(paged.events, 0)
    """


def _visits(part: Part, question: Question, values: Values) -> Reading:
    columns = {name: f"visit.{name}" for name in ("events", "pageviews", "sales", "revenue")}
    return Reading(
        "site JOIN visits AS visit USING (workspace_id, website_id)",
        "(visit.started_at AT TIME ZONE site.timezone)::date",
        columns | VISIT_COLUMNS,
        (_around("visit.started_at", question, values),),
        "visit.started_at",
        "visit.visitor_id",
    )


def _events(part: Part, question: Question, values: Values) -> Reading:
    columns = {
        "events": "1",
        "pageviews": f"(event.name = '{PAGEVIEW}')::int",
        "sales": "(event.revenue_minor IS NOT NULL)::int",
        "revenue": "coalesce(event.revenue_minor, 0)",
    }
    return Reading(
        "site JOIN events AS event USING (workspace_id, website_id)",
        "(event.occurred_at AT TIME ZONE site.timezone)::date",
        columns | VISIT_COLUMNS,
        (_around("event.occurred_at", question, values),),
        "event.occurred_at",
        "event.visitor_id",
    )


VISIT_COLUMNS = {
    "visits": "1",
    "bounces": "(visit.events = 1)::int",
    "visit_us": "(extract(epoch FROM visit.ended_at - visit.started_at) * 1000000)::bigint",
}
READINGS = {
    Source.DAILY_TOTALS: _daily_totals,
    Source.DAILY_GAPS: _daily_gaps,
    Source.DAILY_CUBE: _daily_cube,
    Source.VISITOR_DAYS: _visitor_days,
    Source.VISITOR_DAY_EVENTS: _visitor_day_events,
    Source.PAGE_DAYS: _page_days,
    Source.VISITS: _visits,
    Source.EVENTS: _events,
}


def goal_days(goal: Condition, question: Question, values: Values) -> str:
    """The days on which each visitor reached the goal."""
    # Only events tell what was reached in a part of a day.
    name = None if question.in_spans else goal_name(goal)
    if name == PAGEVIEW:
        source = f"site JOIN visitor_days AS done {ROLLUP} WHERE done.pageviews > 0"
    elif name is not None:
        source = f"site JOIN visitor_day_events AS done {ROLLUP} WHERE done.name = {values.bind(name)}"
    else:
        return _goal_days_from_events(goal, question, values)
    within = _within("done.day", question, values)
    return f"SELECT site.website_id, done.day, done.visitor_id FROM {source} AND {within}"


# How a page is compared with what a condition wants of it.
PAGE_COMPARISONS = {"page": "=", "page_from": ">=", "page_before": "<", "page_like": "LIKE"}


def _goal_days_from_events(goal: Condition, question: Question, values: Values) -> str:
    asked = goal.to_sql()
    conditions = [
        f"done.name = {values.bind(asked['event_name'])}",
        _around("done.occurred_at", question, values),
    ]
    for name, comparison in PAGE_COMPARISONS.items():
        if asked[name] is not None:
            conditions.append(f"done.page {comparison} {values.bind(asked[name])}")
    if goal.minimum_revenue is not None:
        conditions.append(f"done.revenue_minor >= {values.bind(asked['minimum_revenue'])}")
        conditions.append(f"site.currency = {values.bind(goal.minimum_revenue.currency)}")
    return (
        "SELECT DISTINCT site.website_id, (done.occurred_at AT TIME ZONE site.timezone)::date AS day,"
        " done.visitor_id FROM site JOIN events AS done USING (workspace_id, website_id)"
        f" WHERE {' AND '.join(conditions)}"
    )


def dimension(name: str, part: Part, found: Reading, question: Question, values: Values) -> str:
    """The value of a dimension in a row of a source; '' where it is absent."""
    if name == TIME:
        return _bucket(question, found, values)
    if name in FIRST_TOUCH:
        kept = {Source.DAILY_TOTALS: "total.value", Source.DAILY_GAPS: "gap.value"}
        return kept.get(part.source, f"touch.{name}")
    if name in OF_VISITS:
        return f"coalesce(visit.{name}, '')"
    if name == PAGE:
        return "paged.page" if part.source is Source.PAGE_DAYS else "coalesce(event.page, '')"
    if name == EVENT_NAME:
        return "named.name" if part.source is Source.VISITOR_DAY_EVENTS else "event.name"
    return f"coalesce(event.properties ->> {values.bind(property_of(name))}::text, '') COLLATE \"C\""


def condition(root: Filter, part: Part, found: Reading, question: Question, values: Values) -> str:
    """A filter as a condition that is never null."""
    match root:
        case All(inner) | OneOf(inner):
            word = " AND " if isinstance(root, All) else " OR "
            return f"({word.join(condition(each, part, found, question, values) for each in inner)})"
        case Not(inner):
            return f"NOT ({condition(inner, part, found, question, values)})"
        case In(name, (value,)):
            return f"{dimension(name, part, found, question, values)} = {values.bind(value)}"
        case In(name, several):
            value = dimension(name, part, found, question, values)
            return f"{value} = ANY ({values.bind(list(several))}::text[])"
        case Contains(name, text):
            return f"strpos({dimension(name, part, found, question, values)}, {values.bind(text)}) > 0"


def within_days(found: Reading, question: Question, values: Values) -> str:
    if question.in_spans:
        return _in_span(found.instant)
    return _within(found.day, question, values)


def first_day(question: Question, day: str, values: Values) -> str:
    """The first day of the row of the answer that a day belongs to."""
    start = f"{values.bind(question.days.start)}::date"
    if TIME not in question.dimensions:
        return start
    if question.interval in (Interval.WEEK, Interval.MONTH):
        unit = question.interval.value.lower()
        return f"greatest(date_trunc('{unit}', {day}::timestamp)::date, {start})"
    return day


def _bucket(question: Question, found: Reading, values: Values) -> str:
    if question.interval is Interval.HOUR:
        return f"date_trunc('hour', {found.instant} AT TIME ZONE site.timezone)"
    return first_day(question, found.day, values)


def _within(day: str, question: Question, values: Values) -> str:
    start, end = values.bind(question.days.start), values.bind(question.days.end)
    return f"{day} BETWEEN {start}::date AND {end}::date"


def _in_span(instant: str | None) -> str:
    """Within the row of `span` that surrounds the statement."""
    return f"{instant} >= span.starts_at AND {instant} < span.ends_at"


def _days_of_website(question: Question, values: Values) -> str:
    """The rows of a rollup that a question is about, where they are not joined with the websites yet."""
    one = "" if question.website_id is None else " AND website_id = %(website_id)s::uuid"
    return f"workspace_id = %(workspace_id)s{one} AND {_within('day', question, values)}"


def _around(instant: str, question: Question, values: Values) -> str:
    """Bounds for an index, wide enough: no time zone is a whole day away from UTC.

    The exact ones compare days, because a day may begin twice or not at midnight.
    Those of a span are exact as they are.
    """
    if question.in_spans:
        return _in_span(instant)
    start, end = values.bind(question.days.start), values.bind(question.days.end)
    return (
        f"{instant} >= ({start}::date - 1)::timestamp AT TIME ZONE 'UTC'"
        f" AND {instant} < ({end}::date + 2)::timestamp AT TIME ZONE 'UTC'"
    )
