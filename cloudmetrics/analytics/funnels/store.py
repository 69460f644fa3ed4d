"""Funnels from PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cloudmetrics.analytics.funnels.models import FunnelQuestion, Reached
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.platform.database import HASHED, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

FUNNEL_SECONDS = 14.0


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
    rows = await tenant.read(text, parameters, seconds=FUNNEL_SECONDS, settings=HASHED)
    return {row["number"]: Reached(row["visitors"], row["median_seconds"]) for row in rows}


def statement(steps: Sequence[Condition], *, filtered: bool) -> str:
    """The query with a part of its own for each step, so that each goes through the index that fits it."""
    first, second, *further = (
        queries.step.replace("{number}", str(number)) for number in range(1, len(steps) + 1)
    )
    if filtered:
        first = queries.on_a_day.replace("{begun}", first)
    parts = {
        "{first_step}": first,
        "{second_step}": second,
        "{further_steps}": "\n".join(queries.further.replace("{step}", step) for step in further),
    }
    whole: str = queries.reached
    for name, part in parts.items():
        whole = whole.replace(name, part)
    return whole
