"""Whatever a number does, an alert fires and resolves in turns, and each is told at most once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.alerting.evaluation.deciding import decide, is_due
from cloudmetrics.alerting.evaluation.measuring import Measured
from cloudmetrics.alerting.history.models import Happening
from cloudmetrics.alerting.rules.conditions import Condition, complete
from cloudmetrics.alerting.rules.models import Rule, Terms
from cloudmetrics.alerting.rules.states import State
from cloudmetrics.alerting.watching.anomalies import baseline
from cloudmetrics.alerting.watching.models import NO_DATA, TOO_SLOW

START = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
signals = st.lists(st.one_of(st.none(), st.floats(-10, 10)), max_size=60)


def rule_of(fire_after: int, resolve_after: int, muted_until: datetime | None = None) -> Rule:
    sent = {
        "kind": "THRESHOLD",
        "source": {"kind": "METRIC", "metric": "events"},
        "window": "LAST_HOUR",
        "direction": "ABOVE",
        "threshold": 3.0,
        "resolve_threshold": -3.0,
    }
    terms = Terms("Alert", True, complete(sent), fire_after, resolve_after, 0, ())
    return Rule(UUID(int=1), terms, muted_until, START, START, State())


@given(signals, st.integers(1, 4), st.integers(1, 4), st.integers(0, 60))
def test_it_fires_and_resolves_in_turns(values, fire_after, resolve_after, muted):
    rule = rule_of(fire_after, resolve_after, START + muted * MINUTE)
    condition = Condition.from_json(rule.terms.condition)
    happened, told, now = [], [], START
    for value in values:
        measured = Measured(problem=NO_DATA) if value is None else Measured(value, value)
        decision = decide(rule, condition, measured, now, now)
        if decision.happened:
            happened.append(decision.happened)
            # A reason to fire is never a reason to resolve, and nothing in between is either.
            assert value > 3 if decision.happened is Happening.FIRED else value <= -3
        if decision.message:
            told.append((decision.message, decision.incident_id))
        rule = replace(rule, state=decision.state)
        now += MINUTE
    assert happened == [Happening.FIRED, Happening.RESOLVED] * (len(happened) // 2) + (
        [Happening.FIRED] if len(happened) % 2 else []
    )
    assert len(told) == len(set(told))
    fired = {incident for message, incident in told if message == "alert.fired"}
    assert {incident for message, incident in told if message == "alert.resolved"} <= fired


@pytest.mark.parametrize(
    ("minutes", "due"), [(1, True), (0, False), (-1, False), (-5, False), (-6, True), (600, True)]
)
def test_a_minute_is_evaluated_once_unless_the_clock_was_set_back(minutes, due):
    assert is_due(State(evaluated_at=START), START + minutes * MINUTE) is due


@pytest.mark.parametrize(("minutes", "due"), [(1, False), (15, False), (16, True)])
def test_what_is_too_slow_rests(minutes, due):
    state = State(evaluated_at=START, problem=TOO_SLOW.to_json() | {"since": ""})
    assert is_due(state, START + minutes * MINUTE) is due


@pytest.mark.parametrize(
    ("past", "value", "deviations"),
    [
        ([10, 11, 9, 10, 12, 10, 9, 11], 30, 20 / 1.4826),
        # One odd week neither hides nor makes an anomaly.
        ([10, 11, 9, 10, 12, 10, 9, 1000], 30, 20 / 1.4826),
        ([100] * 8, 105, 1),
        ([0] * 8, 2, 2),
    ],
)
def test_deviations_are_robust(past, value, deviations):
    assert baseline(past, 1.0).deviation(value) == pytest.approx(deviations)
