"""Replaying a rule over the past, with the same measuring and deciding that evaluations have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from cloudmetrics.alerting.evaluation.deciding import decide
from cloudmetrics.alerting.evaluation.measuring import MINUTE, Measured, asks_of, measure
from cloudmetrics.alerting.history.models import Happening
from cloudmetrics.alerting.preview.models import Incident, Point, Preview, PreviewOutOfRange
from cloudmetrics.alerting.rules.conditions import Condition
from cloudmetrics.alerting.rules.models import Rule, Terms
from cloudmetrics.alerting.rules.service import require_sound_condition
from cloudmetrics.alerting.rules.states import State
from cloudmetrics.alerting.watching import service as sources
from cloudmetrics.alerting.watching import store as watching
from cloudmetrics.alerting.watching.metrics import SECONDS
from cloudmetrics.alerting.watching.models import TOO_SLOW
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound, QueryTooSlow

USUAL = timedelta(days=1)
LONGEST = timedelta(days=31)
MOST_EVALUATIONS = 360


async def preview(
    caller: Caller, terms: Terms, start_at: datetime | None, end_at: datetime | None
) -> Preview:
    """When a rule would have fired from one moment to another: the last day, unless said otherwise.

    It looks at what is stored now, and so sees late events that an evaluation of that
    time could not see. Raises QuestionUnsound, NotFound, PreviewOutOfRange, QueryTooSlow.
    """
    await require_sound_condition(caller, terms.condition)
    start, end = _range(start_at, end_at, clock.now_of(caller.tenant))
    condition = Condition.from_json(terms.condition)
    step = max(1, -(-int((end - start) / MINUTE) // MOST_EVALUATIONS))
    moments = list(_moments(start, end, step))
    measured = await _measured(caller, terms, condition, moments)
    return _replay(_every(terms, step), condition, measured, step)


def _range(start_at: datetime | None, end_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    end = (end_at or now).replace(second=0, microsecond=0)
    start = (start_at or end - USUAL).replace(second=0, microsecond=0)
    if end > now:
        raise PreviewOutOfRange("The future cannot be replayed.", "/end_at")
    if start >= end or end - start > LONGEST:
        raise PreviewOutOfRange("Replay more than nothing and at most 31 days.", "/start_at")
    return start, end


def _moments(start: datetime, end: datetime, step: int) -> Iterator[datetime]:
    at = start
    while at <= end:
        yield at
        at += step * MINUTE


def _every(terms: Terms, step: int) -> Rule:
    """The rule as it has to be, so that evaluations `step` minutes apart stand for those of each minute."""
    scaled = replace(
        terms, fire_after=-(-terms.fire_after // step), resolve_after=-(-terms.resolve_after // step)
    )
    nowhere, never = UUID(int=0), datetime.min
    return Rule(nowhere, scaled, None, never, never, State())


async def _measured(
    caller: Caller, terms: Terms, condition: Condition, moments: list[datetime]
) -> Mapping[datetime, Measured]:
    goal_ids = [condition.goal_id] if condition.goal_id else []
    around = await watching.surroundings(caller.tenant, goal_ids)
    if around is None:
        raise NotFound("workspace")
    ends = {at: at - terms.delay_minutes * MINUTE for at in moments}
    asks = {ask for end in ends.values() for ask in asks_of(condition, end, around)}
    values = await sources.values(caller.tenant, asks, around)
    if TOO_SLOW in values.values():
        raise QueryTooSlow(SECONDS)
    return {at: measure(condition, end, around, values) for at, end in ends.items()}


def _replay(rule: Rule, condition: Condition, measured: Mapping[datetime, Measured], step: int) -> Preview:
    incidents: list[Incident] = []
    points: list[Point] = []
    for at, seen in measured.items():
        decision = decide(rule, condition, seen, at, at)
        rule = replace(rule, state=decision.state)
        if decision.happened is Happening.FIRED:
            incidents.append(Incident(at, seen.value, seen.signal))
        elif decision.happened is Happening.RESOLVED:
            incidents[-1] = replace(incidents[-1], resolved_at=at)
        points.append(Point(at, rule.state.status, seen.value, seen.signal, rule.state.problem))
    return Preview(points[0].at, points[-1].at, step, incidents, points)
