"""Finding the answers of all widgets of a dashboard.

They are asked at the same time, a few at once, so that one dashboard leaves
connections to others; what several widgets ask alike is asked once, and plain numbers
of the same days are asked for together. A widget that fails says so in its place.
Answers are kept as those of query-metrics are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.answers import service as answers
from cloudmetrics.analytics.answers.models import State
from cloudmetrics.analytics.funnels import service as funnels
from cloudmetrics.analytics.goals.conditions import CurrencyMismatch
from cloudmetrics.analytics.metrics.models import Comparison, DateRange, NothingBefore
from cloudmetrics.analytics.metrics.ranges import before, date_range
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.analytics.questions.models import QuestionUnsound
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.ranges import RangeName
from cloudmetrics.boards.showing.models import (
    Answer,
    Failure,
    Shown,
    View,
    comparison,
    funnel_answer,
    rows_answer,
    text_answer,
)
from cloudmetrics.boards.widgets import store as widget_store
from cloudmetrics.boards.widgets.asking import Override, body_of, days_of, website_of
from cloudmetrics.boards.widgets.models import Kind, Widget
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound, QueryTooSlow, Unavailable

# How many questions of one dashboard are asked at once, and how long all of them may take.
AT_ONCE = 3
PATIENCE_SECONDS = 12.0
# What can go wrong with one widget while the others are fine.
FAILURES = (NotFound, CurrencyMismatch, QueryTooSlow, NothingBefore, Unavailable)


async def show(
    caller: Caller,
    dashboard_id: UUID,
    *,
    website_id: UUID | None = None,
    range: RangeName | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> View:
    """A dashboard with all its answers. What is named stands in place of all that is set.

    Where there are dates, `range` is not looked at.

    Raises NotFound, DateOutOfRange, RangeInverted, RangeTooLong.
    """
    dashboard = await dashboards.get(caller, dashboard_id)
    state = await answers.state(caller, website_id)
    dates = start_date or end_date
    days = date_range(start_date, end_date, clock.today_of(caller.tenant, state.timezone)) if dates else None
    widgets = await widget_store.all_of(caller.tenant, dashboard_id)
    finding = _Finding(caller, dashboard.settings, Override(website_id, range, days))
    return View(dashboard, await finding.all(widgets))


class _Finding:
    """One look at a dashboard."""

    def __init__(self, caller: Caller, settings: Settings, override: Override) -> None:
        self._caller = caller
        self._settings = settings
        self._override = override
        self._free = asyncio.Semaphore(AT_ONCE)
        self._asked: dict[object, asyncio.Task[Any]] = {}
        # By website and range, the metrics of all numbers that ask for nothing else.
        self._numbers: dict[object, list[str]] = {}

    async def all(self, widgets: Sequence[Widget]) -> list[Shown]:
        """Each with its answer; what takes too long is given up, and PostgreSQL hears of it."""
        for query in (widget.content["query"] for widget in widgets if _is_plain_number(widget)):
            known = self._numbers.setdefault(_about(query), [])
            known += [name for name in query["metrics"] if name not in known]
        tasks = [asyncio.create_task(self._answer(widget)) for widget in widgets]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
        finally:
            for task in (*tasks, *self._asked.values()):
                task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
        return [Shown(widget, _outcome(result)) for widget, result in zip(widgets, ended, strict=True)]

    async def _answer(self, widget: Widget) -> Answer:
        if widget.kind is Kind.TEXT:
            return text_answer(widget.content["text"])
        if widget.kind is Kind.FUNNEL:
            return await self._funnel(widget)
        return await self._rows(widget)

    async def _rows(self, widget: Widget) -> Answer:
        query = widget.content["query"]
        website_id = website_of(query, self._settings, self._override)
        state = await self._state(website_id)
        days = days_of(
            query["range"],
            self._settings,
            clock.today_of(self._caller.tenant, state.timezone),
            self._override,
        )
        metrics = query["metrics"]
        if _is_plain_number(widget):
            query = {**query, "metrics": self._numbers[_about(query)]}
        rows = [_only(row, metrics) for row in await self._ask(query, website_id, days, state)]
        compared = None
        if widget.content.get("compare"):
            earlier = before(days, Comparison(widget.content["compare"]))
            (row,) = await self._ask(query, website_id, earlier, state)
            then = _only(row, metrics)["metrics"]
            compared = comparison(earlier, metrics, then, rows[0]["metrics"])
        return rows_answer(days, website_id, rows, compared)

    async def _ask(
        self, query: dict[str, Any], website_id: UUID | None, days: DateRange, state: State
    ) -> list[dict[str, Any]]:
        body = body_of(query, website_id, days)

        async def find() -> list[dict[str, Any]]:
            question = await questions.understand(self._caller, body, state)
            found: list[dict[str, Any]] = (await questions.ask(self._caller, body, state, question))["data"]
            return found

        key = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        rows: list[dict[str, Any]] = await self._once(key, find)
        return rows

    async def _funnel(self, widget: Widget) -> Answer:
        funnel_id = UUID(widget.content["funnel_id"])
        saved = await self._once(funnel_id, lambda: saved_funnels.get(self._caller, funnel_id))
        website_id = self._override.website_id or saved.website_id
        state = await self._state(website_id)
        days = days_of(
            widget.content["range"],
            self._settings,
            clock.today_of(self._caller.tenant, state.timezone),
            self._override,
        )
        asked = saved.plan.to_json() | {"operation": "query-funnel", "website_id": website_id}
        asked |= {"start_date": days.start, "end_date": days.end}

        async def draw() -> dict[str, Any]:
            found = await funnels.query(
                self._caller,
                website_id=website_id,
                steps=saved.plan.steps,
                window_hours=saved.plan.window_hours,
                start_date=days.start.isoformat(),
                end_date=days.end.isoformat(),
            )
            return found.to_json()

        found = await self._once((funnel_id, days), lambda: answers.answer(self._caller, state, asked, draw))
        return funnel_answer(days, website_id, found["steps"])

    async def _state(self, website_id: UUID | None) -> State:
        found: State = await self._once(
            ("state", website_id), lambda: answers.state(self._caller, website_id)
        )
        return found

    async def _once(self, key: object, find: Callable[[], Awaitable[Any]]) -> Any:
        """What is found under a key, looked for by whoever asks first."""
        if key not in self._asked:

            async def find_in_turn() -> Any:
                async with self._free:
                    return await find()

            self._asked[key] = asyncio.create_task(find_in_turn())
        return await asyncio.shield(self._asked[key])


def _is_plain_number(widget: Widget) -> bool:
    """Whether it is told by what is added up by day already, whichever metrics it asks for."""
    query = widget.content.get("query", {})
    return widget.kind is Kind.NUMBER and not any(query[name] for name in ("filter", "goal", "goal_id"))


def _about(query: Mapping[str, Any]) -> object:
    return query["website_id"], query["range"]


def _only(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A row with these metrics, and what comes with them."""
    more = ["revenue_by_currency"] if "revenue" in names else []
    metrics = {name: row["metrics"][name] for name in (*names, *more)}
    return {"dimensions": row["dimensions"], "metrics": metrics}


def _outcome(result: Answer | BaseException) -> Answer | Failure:
    """The answer, or why there is none. Raises what is not one widget's fault."""
    if isinstance(result, asyncio.CancelledError):
        return Failure(QueryTooSlow(PATIENCE_SECONDS))
    if isinstance(result, QuestionUnsound):
        return Failure(
            QuestionUnsound([replace(each, pointer=f"/query{each.pointer}") for each in result.faults])
        )
    if isinstance(result, FAILURES):
        return Failure(result)
    if isinstance(result, BaseException):
        raise result
    return result
