"""From a condition to what has to be asked, and from the answers to the signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cloudmetrics.alerting.rules.conditions import Condition, Direction, Kind
from cloudmetrics.alerting.watching.anomalies import FEWEST_WEEKS, WEEKS, baseline
from cloudmetrics.alerting.watching.models import (
    NO_DATA,
    Ask,
    MetricSource,
    Problem,
    Source,
    Surroundings,
    Value,
)
from cloudmetrics.alerting.watching.windows import Period, days_before, earlier, period
from cloudmetrics.analytics.questions.models import RATIOS, Span

MINUTE = timedelta(minutes=1)
FEW_WEEKS = Problem("NO_DATA", f"There are fewer than {FEWEST_WEEKS} weeks to compare with.")


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation saw. There is a signal unless there is a problem."""

    value: float | None = None
    signal: float | None = None
    problem: Problem | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def asks_of(condition: Condition, at: datetime, around: Surroundings) -> list[Ask]:
    """What a condition has to know at a moment: the present value first, then earlier ones."""
    source, zone = condition.source, around.zone_of(condition.source)
    present = period(condition.window, at, zone)
    periods = [present]
    if condition.compare is not None:
        periods.append(earlier(present, condition.compare, zone))
    if condition.kind is Kind.ANOMALY:
        first = around.first_day_of(source)
        before = [days_before(present, 7 * weeks, zone) for weeks in range(1, WEEKS + 1)]
        periods += [each for each in before if first is not None and _first_day(each, zone) >= first]
    return [Ask(source, each) for each in periods]


def measure(
    condition: Condition, at: datetime, around: Surroundings, values: Mapping[Ask, Value]
) -> Measured:
    """What a condition is compared with. `values` has all that `asks_of` asks for."""
    present, *others = (values[ask] for ask in asks_of(condition, at, around))
    if condition.kind is Kind.ABSENCE and present == NO_DATA:
        return Measured(None, 0.0)
    if isinstance(present, Problem):
        return Measured(problem=present)
    match condition.kind:
        case Kind.CHANGE:
            return _change(present, others[0])
        case Kind.ANOMALY:
            return _anomaly(condition, present, others)
        case _:
            return Measured(present, present)


def _change(present: float, previous: Value) -> Measured:
    """By what part of the earlier value it has changed; 0.25 is a quarter more."""
    if isinstance(previous, Problem):
        return Measured(present, problem=previous)
    if previous <= 0:
        return Measured(present, problem=NO_DATA, details={"previous": previous})
    return Measured(present, (present - previous) / previous, details={"previous": previous})


def _anomaly(condition: Condition, present: float, others: list[Value]) -> Measured:
    past = [value for value in others if not isinstance(value, Problem)]
    if len(past) < FEWEST_WEEKS:
        failed = next((each for each in others if isinstance(each, Problem) and each != NO_DATA), FEW_WEEKS)
        return Measured(present, problem=failed)
    usual = baseline(past, unit=_unit(condition.source))
    deviation = usual.deviation(present)
    details = {"median": usual.median, "spread": usual.spread, "weeks": len(past)}
    signal = abs(deviation) if condition.direction is Direction.EITHER else deviation
    return Measured(present, signal, details=details)


def _unit(source: Source) -> float:
    """The least difference that matters: 1 of a count, a cent of costs, a hundredth of a rate."""
    is_count = isinstance(source, MetricSource) and source.metric not in RATIOS
    return 1.0 if is_count else 0.01


def _first_day(of: Period, zone: ZoneInfo) -> Any:
    return of.start.astimezone(zone).date() if isinstance(of, Span) else of.start
