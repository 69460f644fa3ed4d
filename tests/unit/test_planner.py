"""Which source answers which question, and that no text of a user is ever part of a statement."""

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.metrics.models import DateRange, Money
from cloudmetrics.analytics.questions.composing import Cut, compose, compose_page
from cloudmetrics.analytics.questions.dimensions import FIRST_TOUCH, Interval
from cloudmetrics.analytics.questions.filters import All, Contains, Filter, In, Not, OneOf, only_value
from cloudmetrics.analytics.questions.models import METRICS, Measure, Order, Question
from cloudmetrics.analytics.questions.planner import Plan, Source, from_events, plan

DAYS = DateRange(date(2026, 11, 1), date(2026, 11, 30))
DIMENSIONS = ("time", *FIRST_TOUCH, "page", "event_name", "entry_page", "exit_page", "properties.plan")
SIGNUP = Condition(Kind.EVENT, event_name="signup")
GOOGLE, NOT_GOOGLE = In("source", ("google",)), Not(In("source", ("google",)))


def question(*metrics: str, by: tuple[str, ...] = (), under: Filter | None = None, **more) -> Question:
    return Question(DAYS, metrics, dimensions=by, filter=under, goal=SIGNUP, **more)


def told(found: Plan) -> dict[str, set[str]]:
    parts = found.parts if found.late is None else (*found.parts, found.late)
    return {part.source.value: {measure.value for measure in part.measures} for part in parts}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (question("visitors", "events"), {"daily_totals": {"events"}, "daily_gaps": {"visitors"}}),
        (question("visitors", by=("time",)), {"daily_totals": {"visitors"}}),
        (question("visitors", by=("time",), interval=Interval.MONTH), {"daily_gaps": {"visitors"}}),
        (question("visitors", by=("source",), under=NOT_GOOGLE), {"daily_gaps": {"visitors"}}),
        (question("visitors", under=GOOGLE), {"daily_gaps": {"visitors"}}),
        (question("visitors", under=All((GOOGLE,))), {"daily_gaps": {"visitors"}}),
        (question("visitors", under=In("source", ("a", "b"))), {"visitor_days": {"visitors"}}),
        (question("visitors", by=("time",), under=NOT_GOOGLE), {"daily_totals": {"visitors"}}),
        (
            question("bounce_rate", "visitors", under=NOT_GOOGLE),
            {"daily_totals": {"visits"}, "visitor_days": {"visitors"}},
        ),
        (question("revenue", by=("device",), under=GOOGLE), {"daily_cube": {"revenue"}}),
        (
            question("revenue", "visitors", by=("device",), under=GOOGLE),
            {"daily_cube": {"revenue"}, "visitor_days": {"visitors"}},
        ),
        (
            question("revenue", "visitors", by=("time", "device"), under=GOOGLE),
            {"daily_cube": {"revenue", "visitors"}},
        ),
        (
            question("conversion_rate", by=("source",)),
            {"daily_gaps": {"visitors"}, "goal_days": {"conversions"}},
        ),
        (question("events", by=("event_name", "source")), {"visitor_day_events": {"events"}}),
        (question("visits", by=("event_name",)), {"events": {"visits"}}),
        (question("events", by=("event_name", "page")), {"events": {"events"}}),
        (question("revenue", by=("page", "time")), {"page_days": {"revenue"}}),
        (question("revenue", by=("page",), under=GOOGLE), {"events": {"revenue"}}),
        (
            question("events", "visitors", by=("page",)),
            {"page_days": {"events"}, "events": {"visitors"}},
        ),
        (
            question("events", "visitors", by=("page",), order=(Order("visitors", descending=True),)),
            {"events": {"events", "visitors"}},
        ),
        (question("events", "visitors", under=In("page", ("/",))), {"events": {"events", "visitors"}}),
        (question("visitors", by=("entry_page", "source")), {"visits": {"visitors"}}),
        (question("visitors", by=("entry_page", "page")), {"events": {"visitors"}}),
        (question("visitors", under=In("properties.plan", ("pro",))), {"events": {"visitors"}}),
        (
            question("events", "visits", by=("time",), interval=Interval.HOUR),
            {"events": {"events"}, "visits": {"visits"}},
        ),
    ],
)
def test_the_cheapest_source_that_is_exact_is_chosen(asked, expected):
    assert told(plan(asked)) == expected


@pytest.mark.parametrize(
    ("root", "value"),
    [
        (None, None),
        (GOOGLE, "google"),
        (All((OneOf((GOOGLE,)),)), "google"),
        (NOT_GOOGLE, None),
        (Not(NOT_GOOGLE), None),
        (In("source", ("a", "b")), None),
        (Contains("source", "a"), None),
        (All((GOOGLE, GOOGLE)), None),
    ],
)
def test_whether_a_filter_is_one_value_is_said_only_where_that_is_sure(root, value):
    assert only_value(root) == value


names = st.sampled_from([name for name in DIMENSIONS if name != "time"])
texts = st.text(min_size=1, max_size=8).map(lambda text: f"<<{text}>>")
leaf = st.builds(In, names, st.lists(texts, min_size=1, max_size=3).map(tuple)) | st.builds(
    Contains, names, texts
)
trees = st.recursive(
    leaf,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(OneOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
questions = st.builds(
    Question,
    st.just(DAYS),
    st.lists(st.sampled_from(list(METRICS)), min_size=1, unique=True).map(tuple),
    website_id=st.none() | st.just(uuid4()),
    dimensions=st.lists(
        st.sampled_from(DIMENSIONS) | texts.map(lambda text: f"properties.{text}"), max_size=4, unique=True
    ).map(tuple),
    interval=st.sampled_from(Interval),
    filter=st.none() | trees,
    goal=st.sampled_from(
        [
            SIGNUP,
            Condition(Kind.EVENT, event_name="<<goal>>"),
            Condition(Kind.PAGE, path_pattern="/<<goal>>*", minimum_revenue=Money(5, "EUR")),
        ]
    ),
)


@given(questions)
def test_each_measure_is_told_by_one_part(asked):
    for found in (plan(asked), from_events(asked)):
        parts = [*found.parts, *([found.late] if found.late else [])]
        measures = [measure for part in parts for measure in part.measures]
        assert sorted(measures) == sorted(asked.measures)
        assert all(part.measures for part in parts)


@given(questions)
def test_visitors_are_never_added_over_days(asked):
    """Only rows of a single day may take the visitors of days."""
    for part in plan(asked).parts:
        if part.source is Source.DAILY_TOTALS and Measure.VISITORS in part.measures:
            assert "time" in asked.dimensions
            assert asked.interval is Interval.DAY


@given(questions, st.lists(texts, min_size=10, max_size=10))
def test_no_text_of_a_user_is_part_of_a_statement(asked, after):
    found = plan(asked)
    position = tuple(after[: len(asked.full_order)])
    for statement in (compose_page(uuid4(), found, Cut(7, position)), compose(uuid4(), [found])):
        assert "<<" not in statement.sql
        assert "goal>>" not in statement.sql
        # Every name that is used is bound, and there is no other percent sign.
        assert statement.sql % dict.fromkeys(statement.parameters, "")
