"""Rollups in PostgreSQL.

Whoever changes the rollups of a website holds the lock on its row, so that all
that is read here stays true until the transaction ends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.rollups.changes import Amounts, Changes, changes_of
from cloudmetrics.analytics.rollups.models import DIMENSIONS, NUMBERS, read_state
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# In the order in which one is drawn from the other.
ROLLUPS = ("visits", "visitor_days", "visitor_day_events", "page_days", "daily_totals", "daily_gaps")


def _prepared(name: str) -> Prepared:
    return Prepared(name, getattr(queries, name))


TOUCHED = _prepared("touched")


def reads(tenant: Tenant, event_ids: Sequence[str]) -> Call:
    """What has to be known to count these events: to be called after they were stored."""
    return TOUCHED(workspace_id=tenant.workspace_id, event_ids=event_ids)


def writes(tenant: Tenant, touched: Iterable[tuple[Any, ...]], event_ids: Collection[str]) -> list[Call]:
    """Counts those of the events that were read whose ids are given; `touched` are the rows of `reads`."""
    changes = changes_of(read_state(touched, event_ids))
    return [
        statement(workspace_id=tenant.workspace_id, rows=_document(names, rows))
        for statement, names, rows in (
            (PUT_DAYS, DAY, _days(changes)),
            (REMOVE_VISITS, VISIT[:3], changes.removed_visits),
            (PUT_VISITS, VISIT, [attrgetter(*VISIT)(visit) for visit in changes.visits]),
            (ADD_NAMES, NAME, _summed(changes.names)),
            (ADD_PAGES, PAGE, _summed(changes.pages)),
            (ADD_TOTALS, TOTAL, _summed(changes.totals)),
            (ADD_GAPS, GAP, _gaps(changes)),
        )
        if rows
    ]


PUT_DAYS = _prepared("put_visitor_days")
DAY = ("website_id", "edition", "visitor_id", "day", "first_at", "first_id", *DIMENSIONS, *NUMBERS)
REMOVE_VISITS, PUT_VISITS = _prepared("remove_visits"), _prepared("put_visits")
VISIT = (
    *("website_id", "visitor_id", "started_at", "ended_at", "first_id"),
    *("events", "pageviews", "sales", "revenue"),
    *("entry_at", "entry_id", "entry_page", "exit_at", "exit_id", "exit_page"),
)
ADD_NAMES = _prepared("add_visitor_day_events")
NAME = ("website_id", "edition", "name", "day", "visitor_id", "events", "sales", "revenue")
ADD_PAGES = _prepared("add_page_days")
PAGE = ("website_id", "edition", "day", "page", "events", "pageviews", "sales", "revenue")
ADD_TOTALS = _prepared("add_daily_totals")
TOTAL = ("website_id", "edition", "dimension", "value", "day", "visitors", *NUMBERS)
ADD_GAPS = _prepared("add_daily_gaps")
GAP = ("website_id", "edition", "dimension", "value", "day", "previous_day", "visitors")


def _days(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (*key, *first, *values, *numbers) for key, (first, values, numbers) in sorted(changes.days.items())
    ]


def _summed(amounts: Mapping[tuple[Any, ...], Amounts]) -> list[tuple[Any, ...]]:
    return [(*key, *map(sum, zip(*rows, strict=True))) for key, rows in sorted(amounts.items())]


def _gaps(changes: Changes) -> list[tuple[Any, ...]]:
    changed = [(*cell, previous, number) for (cell, previous), number in changes.gaps.items() if number]
    return sorted(changed, key=itemgetter(0, 1, 2, 3, 4))


def _document(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The rows as JSON objects."""
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    try:
        return orjson.dumps(objects).decode()
    except orjson.JSONEncodeError:
        # Sums may need more than the 64 bits that it knows.
        return json.dumps(objects, default=str)


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
