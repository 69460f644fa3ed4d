"""Funnels from PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cloudmetrics.analytics.funnels.models import FunnelQuestion, Reached
from cloudmetrics.analytics.goals.conditions import PAGEVIEW, Condition, Kind
from cloudmetrics.platform.database import COVERED, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

FUNNEL_SECONDS = 14.0
ANY_VIEW = Condition(Kind.EVENT, event_name=PAGEVIEW)


async def reached(tenant: Tenant, question: FunnelQuestion) -> dict[int, Reached]:
    """By their numbers, from 1, the steps that anybody completed. Raises QueryTooSlow."""
    parameters: dict[str, Any] = {
        "workspace_id": tenant.workspace_id,
        "website_id": question.website_id,
        "start_date": question.days.start,
        "end_date": question.days.end,
        "window_hours": question.window_hours,
        "last": len(question.steps),
        **asdict(question.first_touch),
    }
    for number, step in enumerate(question.steps, 1):
        parameters |= {f"{name}_{number}": value for name, value in step.to_sql().items()}
    text = statement(question.steps, filtered=bool(question.first_touch.used))
    rows = await tenant.read(text, parameters, seconds=FUNNEL_SECONDS, settings=COVERED)
    return {row["number"]: Reached(row["visitors"], row["median_seconds"]) for row in rows}


def statement(steps: Sequence[Condition], *, filtered: bool) -> str:
    """The query with a part of its own for each step, so that each goes through the index that fits it."""
    first, second, *further = (
        queries.step.replace("{number}", str(number)) for number in range(1, len(steps) + 1)
    )
    if filtered:
        first = _filled(queries.on_a_day, first_step=first, days=queries.days)
    beginners = queries.viewers if steps[0] == ANY_VIEW else queries.beginners
    return _filled(
        queries.reached,
        # An index gives the events twice in less time than they are kept in; the join gives them once.
        whether="" if filtered else "NOT",
        beginners=_filled(beginners, days=queries.days),
        first_step=first,
        second_step=second,
        further_steps="\n".join(_filled(queries.further, step=step) for step in further),
    )


def _filled(query: str, **parts: str) -> str:
    """A query with other ones in the place of their names in braces."""
    for name, part in parts.items():
        query = query.replace(f"{{{name}}}", part)
    return query
