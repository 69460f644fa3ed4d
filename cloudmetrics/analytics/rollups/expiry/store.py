"""Old days out of the rollups, in PostgreSQL. The caller holds the lock on the website's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cloudmetrics.platform.database import Row, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

DAYS = (
    queries.forget_visitor_days,
    queries.forget_visitor_day_events,
    queries.forget_page_days,
    queries.forget_daily_totals,
    queries.forget_daily_cube,
)


async def crossing_visits(transaction: Transaction, expiry: Mapping[str, Any]) -> list[Row]:
    """What remains of visits that cross the beginning of the day; to be asked while all events are there.

    `expiry` holds workspace_id, website_id, edition, timezone, the `day` before which
    everything goes, and the moment at which it `begins`.
    """
    return await transaction.fetch(queries.cut_visits, expiry)


async def forget(transaction: Transaction, expiry: Mapping[str, Any], crossing: list[Row]) -> None:
    """Takes the days before `day` out, and puts back what remains of the crossing visits."""
    for statement in DAYS:
        await transaction.execute(statement, expiry)
    loose = await transaction.fetch(queries.loose_gaps, expiry)
    await transaction.execute(queries.forget_daily_gaps, expiry)
    if loose:
        await transaction.execute(queries.first_gaps, {**expiry, "gaps": orjson.dumps(loose).decode()})
    await transaction.execute(queries.forget_visits, expiry)
    if crossing:
        cut = {**expiry, "visits": orjson.dumps(crossing).decode()}
        await transaction.execute(queries.add_visits, cut)
        await transaction.execute(queries.count_visits_by_visitor, cut)
        await transaction.execute(queries.count_visits_by_day, cut)
        await transaction.execute(queries.count_visits_by_cell, cut)
