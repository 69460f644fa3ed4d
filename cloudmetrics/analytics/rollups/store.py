"""Rollups in PostgreSQL.

Whoever changes the rollups of a website holds the lock on its row, so that all
that is read here stays true until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.rollups.changes import Changes, changes_of
from cloudmetrics.analytics.rollups.models import (
    DIMENSIONS,
    NUMBERS,
    Added,
    Day,
    DayKey,
    Near,
    State,
    Touch,
    Visit,
)
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# In the order in which one is drawn from the other.
ROLLUPS = ("visits", "visitor_days", "visitor_day_events", "page_days", "daily_totals", "daily_gaps")


def _prepared(name: str) -> Prepared:
    return Prepared(name, getattr(queries, name))


TOUCHED, NEAR_VISITS = _prepared("touched"), _prepared("near_visits")
PUT_DAYS, PUT_VISITS, REMOVE_VISITS = (
    _prepared("put_visitor_days"),
    _prepared("put_visits"),
    _prepared("remove_visits"),
)
ADD_NAMES, ADD_PAGES, ADD_TOTALS, ADD_GAPS = (
    _prepared("add_visitor_day_events"),
    _prepared("add_page_days"),
    _prepared("add_daily_totals"),
    _prepared("add_daily_gaps"),
)


def reads(tenant: Tenant, event_ids: Sequence[str]) -> list[Call]:
    """What has to be known to count these events: to be called after they were stored."""
    return [
        statement(workspace_id=tenant.workspace_id, event_ids=event_ids)
        for statement in (TOUCHED, NEAR_VISITS)
    ]


def writes(
    tenant: Tenant, touched: Iterable[Any], near_visits: Iterable[Any], event_ids: Collection[str]
) -> list[Call]:
    """Counts those of the events that were read whose ids are given; `reads` gave the rows."""
    changes = changes_of(_state(touched, near_visits, event_ids))
    calls = []
    for statement, rows in _rows(changes):
        if rows:
            text = orjson.dumps(rows).decode()
            calls.append(statement(workspace_id=tenant.workspace_id, rows=text))
    return calls


def _state(touched: Iterable[Any], near_visits: Iterable[Any], event_ids: Collection[str]) -> State:
    state = State()
    for row in touched:
        key = DayKey(row.website_id, row.edition, row.visitor_id, row.day)
        touch = Touch(row.occurred_at, row.event_id)
        values = (row.source, row.medium, row.campaign, row.device, row.browser, row.system, row.country)
        if row.own_first_at is not None:
            state.days[key] = _day(row)
        if row.own_first_at is None or touch < (row.own_first_at, row.own_first_id):
            state.near[key, values] = _near(row)
        if row.by_event and row.event_id in event_ids:
            state.events.append(Added(key, touch, values, row.name, row.page, row.revenue_minor))
            state.starts.setdefault((key.website_id, key.visitor_id, touch), set()).add(key)
    for row in near_visits:
        visit = _visit(row)
        state.visits[visit.website_id, visit.visitor_id, visit.started_at] = visit
        if row.edition is not None:
            key = DayKey(visit.website_id, row.edition, visit.visitor_id, row.day)
            state.days[key] = _day(row)
            state.starts.setdefault((visit.website_id, visit.visitor_id, visit.start), set()).add(key)
    return state


def _day(row: Any) -> Day:
    return Day(
        Touch(row.own_first_at, row.own_first_id),
        (
            row.own_source,
            row.own_medium,
            row.own_campaign,
            row.own_device,
            row.own_browser,
            row.own_system,
            row.own_country,
        ),
        [
            row.own_events,
            row.own_pageviews,
            row.own_sales,
            int(row.own_revenue),
            row.own_visits,
            row.own_bounces,
            row.own_visit_us,
        ],
    )


def _near(row: Any) -> Near:
    return Near(
        (
            row.previous_all,
            row.previous_source,
            row.previous_medium,
            row.previous_campaign,
            row.previous_device,
            row.previous_browser,
            row.previous_system,
            row.previous_country,
        ),
        (
            row.next_all,
            row.next_source,
            row.next_medium,
            row.next_campaign,
            row.next_device,
            row.next_browser,
            row.next_system,
            row.next_country,
        ),
    )


def _visit(row: Any) -> Visit:
    return Visit(
        row.website_id,
        row.visitor_id,
        row.started_at,
        row.ended_at,
        row.first_id,
        row.events,
        row.pageviews,
        row.sales,
        int(row.revenue),
        row.entry_at,
        row.entry_id,
        row.entry_page,
        row.exit_at,
        row.exit_id,
        row.exit_page,
    )


def _rows(changes: Changes) -> list[tuple[Prepared, list[dict[str, Any]]]]:
    days = [
        key._asdict()
        | {"first_at": day.first.at, "first_id": day.first.event_id}
        | dict(zip(DIMENSIONS, day.values, strict=True))
        | _numbers(NUMBERS, day.numbers)
        for key, day in changes.days.items()
    ]
    removed = [
        {"website_id": visit.website_id, "visitor_id": visit.visitor_id, "started_at": visit.started_at}
        for visit in changes.removed_visits
    ]
    visits = [
        {name: getattr(visit, name) for name in Visit.__slots__} | {"revenue": str(visit.revenue)}
        for visit in changes.visits
    ]
    return [
        (PUT_DAYS, days),
        (REMOVE_VISITS, removed),
        (PUT_VISITS, visits),
        (ADD_NAMES, _sums(("events", "sales", "revenue"), changes.names)),
        (ADD_PAGES, _sums(("events", "pageviews", "sales", "revenue"), changes.pages)),
        (ADD_TOTALS, _sums(("visitors", *NUMBERS), changes.totals)),
        (
            ADD_GAPS,
            [
                cell._asdict() | {"previous_day": previous, "visitors": visitors}
                for (cell, previous), visitors in changes.gaps.items()
                if visitors
            ],
        ),
    ]


def _sums(names: Sequence[str], sums: Mapping[Any, Sequence[int]]) -> list[dict[str, Any]]:
    return [key._asdict() | _numbers(names, numbers) for key, numbers in sums.items()]


def _numbers(names: Sequence[str], numbers: Sequence[int]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(names, numbers, strict=True))
    # It may be larger than an integer of JSON can be.
    return named | {"revenue": str(named["revenue"])}


async def rebuild(
    transaction: Transaction, tenant: Tenant, website_id: UUID, edition: int, timezone: str
) -> None:
    """Draws the rollups of one website anew from its events. The caller holds its lock."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "edition": edition,
        "timezone": timezone,
    }
    for rollup in ROLLUPS:
        await transaction.execute(getattr(queries, f"clear_{rollup}"), parameters)
    for rollup in ROLLUPS:
        await transaction.execute(getattr(queries, f"draw_{rollup}"), parameters)
