"""Rollups in PostgreSQL.

Whoever changes the rollups of a website holds the lock on its row, so that all
that is read here stays true until the transaction ends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import orjson

from cloudmetrics.analytics.rollups.changes import Amounts, Changes, changes_of
from cloudmetrics.analytics.rollups.models import DIMENSIONS, NUMBERS, read_state
from cloudmetrics.analytics.rollups.visits import begun_visits, join_visits
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

TOUCHED = Prepared("touched", queries.touched)


def reads(tenant: Tenant, event_ids: Sequence[str], edition: int | None = None) -> Call:
    """What has to be known to count these stored events, in all editions or in one."""
    return TOUCHED(workspace_id=tenant.workspace_id, event_ids=event_ids, edition=edition)


def writes(tenant: Tenant, touched: Iterable[tuple[Any, ...]], event_ids: Collection[str]) -> list[Call]:
    """Counts those of the events that were read whose ids are given; `touched` are the rows of `reads`."""
    state = read_state(touched, event_ids)
    return _calls(tenant, changes_of(state, join_visits(state)))


async def draw_events(
    transaction: Transaction, tenant: Tenant, event_ids: Sequence[str], edition: int
) -> None:
    """Counts stored events, which are the next ones by their time, in one more edition.

    The caller holds the website's lock. A visit counts with its first event, as it
    is by now, however far it goes on.
    """
    (touched,) = await transaction.call([reads(tenant, event_ids, edition)])
    state = read_state(touched, set(event_ids))
    await transaction.call(_calls(tenant, changes_of(state, begun_visits(state))))


def _calls(tenant: Tenant, changes: Changes) -> list[Call]:
    return [
        statement(workspace_id=tenant.workspace_id, rows=_document(names, rows))
        for statement, names, rows in (
            (PUT_DAYS, DAY, _days(changes)),
            (REMOVE_VISITS, VISIT[:3], changes.removed_visits),
            (PUT_VISITS, VISIT, list(map(attrgetter(*VISIT), changes.visits))),
            (ADD_NAMES, NAME, _summed(changes.names)),
            (ADD_PAGES, PAGE, _summed(changes.pages)),
            (ADD_TOTALS, TOTAL, _summed(changes.totals)),
            (ADD_CUBE, CUBE, _summed(changes.cube)),
            (ADD_GAPS, GAP, _gaps(changes)),
        )
        if rows
    ]


PUT_DAYS = Prepared("put_visitor_days", queries.put_visitor_days)
DAY = ("website_id", "edition", "visitor_id", "day", "first_at", "first_id", *DIMENSIONS, *NUMBERS)
REMOVE_VISITS, PUT_VISITS = (
    Prepared("remove_visits", queries.remove_visits),
    Prepared("put_visits", queries.put_visits),
)
VISIT = (
    *("website_id", "visitor_id", "started_at", "ended_at", "first_id"),
    *("events", "pageviews", "sales", "revenue"),
    *("entry_at", "entry_id", "entry_page", "exit_at", "exit_id", "exit_page"),
)
ADD_NAMES = Prepared("add_visitor_day_events", queries.add_visitor_day_events)
NAME = ("website_id", "edition", "name", "day", "visitor_id", "events", "sales", "revenue")
ADD_PAGES = Prepared("add_page_days", queries.add_page_days)
PAGE = ("website_id", "edition", "day", "page", "events", "pageviews", "sales", "revenue")
ADD_TOTALS = Prepared("add_daily_totals", queries.add_daily_totals)
TOTAL = ("website_id", "edition", "dimension", "value", "day", "visitors", *NUMBERS)
ADD_CUBE = Prepared("add_daily_cube", queries.add_daily_cube)
CUBE = ("website_id", "edition", "day", *DIMENSIONS, "visitors", *NUMBERS)
ADD_GAPS = Prepared("add_daily_gaps", queries.add_daily_gaps)
GAP = ("website_id", "edition", "dimension", "value", "day", "previous_day", "visitors")


def _days(changes: Changes) -> list[tuple[Any, ...]]:
    return [
        (*key, *first, *values, *numbers) for key, (first, values, numbers) in sorted(changes.days.items())
    ]


def _summed(amounts: Mapping[tuple[Any, ...], Amounts]) -> list[tuple[Any, ...]]:
    return [(*key, *map(sum, zip(*rows, strict=True))) for key, rows in sorted(amounts.items())]


def _gaps(changes: Changes) -> list[tuple[Any, ...]]:
    changed = [(*key, visitors) for key, visitors in changes.gaps.items() if visitors]
    # The previous day may be None, which has no order.
    return sorted(changed, key=itemgetter(0, 1, 2, 3, 4))


def _document(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The rows as JSON objects."""
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    try:
        return orjson.dumps(objects).decode()
    except orjson.JSONEncodeError:
        # Sums may need more than the 64 bits that it knows.
        return json.dumps(objects, default=str)
