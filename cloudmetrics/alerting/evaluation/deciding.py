"""From a rule and what was measured to how the rule stands now, and what to tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cloudmetrics.alerting.evaluation.measuring import Measured
from cloudmetrics.alerting.history.models import Happening
from cloudmetrics.alerting.rules.conditions import Condition
from cloudmetrics.alerting.rules.models import Rule
from cloudmetrics.alerting.rules.states import State
from cloudmetrics.alerting.watching.models import TOO_SLOW
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.ids import new_id

# Clocks of several machines differ by less; one that lies further back was set back.
MOST_SKEW = timedelta(minutes=5)
# What takes too long to count is tried less often, since the others wait meanwhile.
PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state; what happened, if anything; and which message is due, if any."""

    rule: Rule
    state: State
    happened: Happening | None = None
    message: str | None = None

    @property
    def incident_id(self) -> Any:
        """Of what happened: the open incident, or the one that just ended."""
        return self.state.incident_id or self.rule.state.incident_id


def is_due(state: State, minute: datetime) -> bool:
    """Whether a minute was not evaluated yet, also where clocks were set back."""
    last = state.evaluated_at
    if last is None or last - minute > MOST_SKEW:
        return True
    too_slow = state.problem is not None and state.problem["code"] == TOO_SLOW.code
    return minute > last + (PAUSE if too_slow else timedelta(0))


def decide(rule: Rule, condition: Condition, measured: Measured, minute: datetime, now: datetime) -> Decision:
    """What an evaluation makes of a rule. Nothing is decided where nothing could be measured."""
    state = _seen(rule.state, measured, minute)
    if measured.signal is None:
        return Decision(rule, replace(state, streak=0))
    if state.is_firing:
        return _firing(rule, condition, measured.signal, state, now)
    streak = state.streak + 1 if condition.is_breached(measured.signal) else 0
    if streak < rule.terms.fire_after:
        return Decision(rule, replace(state, streak=streak))
    told = not rule.is_muted(now)
    fired = replace(
        state,
        streak=0,
        incident_id=new_id(),
        fired_at=now,
        notified=told,
        acknowledged_at=None,
        acknowledged_by=None,
    )
    return Decision(rule, fired, Happening.FIRED, "alert.fired" if told else None)


def _firing(rule: Rule, condition: Condition, signal: float, state: State, now: datetime) -> Decision:
    streak = state.streak + 1 if condition.is_over(signal) else 0
    muted = rule.is_muted(now)
    if streak >= rule.terms.resolve_after:
        over = replace(state, streak=0, incident_id=None, resolved_at=now, notified=False)
        return Decision(
            rule, over, Happening.RESOLVED, "alert.resolved" if state.notified and not muted else None
        )
    state = replace(state, streak=streak)
    if state.notified or muted or state.acknowledged_at is not None:
        return Decision(rule, state)
    # It fired while it was muted, and nobody knows of it yet.
    return Decision(rule, replace(state, notified=True), message="alert.fired")


def _seen(state: State, measured: Measured, minute: datetime) -> State:
    """The state with what was seen."""
    problem = None
    if measured.problem is not None:
        same = state.problem is not None and state.problem["code"] == measured.problem.code
        since = state.problem["since"] if same and state.problem else iso(minute)
        problem = measured.problem.to_json() | {"since": since}
    return replace(
        state,
        evaluated_at=minute,
        value=measured.value,
        signal=measured.signal,
        details=measured.details,
        problem=problem,
    )
