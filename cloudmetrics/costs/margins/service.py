"""Asking metrics, with costs and margins among them."""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.answers import service as answers
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.analytics.metrics.ranges import buckets
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.analytics.questions.dimensions import TIME
from cloudmetrics.costs.allocations import service as allocations
from cloudmetrics.costs.margins.models import row
from cloudmetrics.costs.margins.reading import COST, Body, is_about_costs, of_metrics
from cloudmetrics.costs.money import added
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.costs.reports.models import ByCurrency, Question
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import MissingScope
from cloudmetrics.platform.errors import InvalidCursor
from cloudmetrics.platform.paging import seal, unseal

LISTING = "metrics query with costs"
SCOPE = "costs:read"
Json = dict[str, Any]


async def query(caller: Caller, body: Body) -> Json:
    """As questions.query answers, for metrics among which there may be `cost` and `margin`.

    A website's costs are those that are allocated to it; without a website they are all costs
    of the workspace. Raises MissingScope, and as questions.query does.
    """
    if not is_about_costs(body):
        return await questions.query(caller, body)
    if SCOPE not in caller.scopes:
        raise MissingScope({SCOPE})
    asked = of_metrics(body)
    after = None
    if body.get("cursor"):
        asked["start_date"], asked["end_date"], after = _open(caller, body)
    rows, meta = await _rows(caller, asked)
    part = _part(body)
    meta["plan"]["parts"].append(part)
    if body["dry_run"]:
        return {"data": [], "pagination": {"next_cursor": None, "has_more": False}, "meta": meta}
    days = DateRange(date.fromisoformat(meta["start_date"]), date.fromisoformat(meta["end_date"]))
    costs = await _costs(caller, body, days)
    usual = (await answers.state(caller, _website(body))).currency
    if TIME not in body["dimensions"]:
        whole = row({}, rows[None], costs.get(None, {}), tuple(body["metrics"]), usual)
        return {"data": [whole], "pagination": {"next_cursor": None, "has_more": False}, "meta": meta}
    data, has_more = _page(body, rows, costs, usual, after)
    cursor = _close(caller, body, meta, data[-1]["dimensions"][TIME]) if has_more else None
    return {"data": data, "pagination": {"next_cursor": cursor, "has_more": has_more}, "meta": meta}


async def _rows(caller: Caller, asked: Json) -> tuple[dict[str | None, Json], Json]:
    """All rows of the metrics by their time, and what is said about them."""
    rows: dict[str | None, Json] = {}
    while True:
        answer = await questions.query(caller, asked)
        rows |= {each["dimensions"].get(TIME): each["metrics"] for each in answer["data"]}
        if not answer["pagination"]["has_more"]:
            return rows, answer["meta"]
        asked = asked | {"cursor": answer["pagination"]["next_cursor"]}


async def _costs(caller: Caller, body: Body, days: DateRange) -> dict[str | None, ByCurrency]:
    """The costs of each part of the range by its first day, or by None of the whole."""
    website_id = _website(body)
    if website_id is None:
        by_day = await reports.by_day(caller.tenant, Question(days))
    else:
        by_day = await allocations.costs_of_website(caller.tenant, website_id, days)
    starts = [day for day, _ in buckets(days, body["interval"])] if TIME in body["dimensions"] else []
    apart: dict[str | None, dict[str, list[Decimal]]] = {}
    for day, costs in by_day.items():
        start = starts[bisect(starts, day) - 1].isoformat() if starts else None
        for currency, amount in costs.items():
            apart.setdefault(start, {}).setdefault(currency, []).append(amount)
    return {
        start: {currency: added(amounts) for currency, amounts in costs.items()}
        for start, costs in apart.items()
    }


def _page(
    body: Body,
    rows: Mapping[str | None, Json],
    costs: Mapping[str | None, ByCurrency],
    usual: str,
    after: str | None,
) -> tuple[list[Json], bool]:
    """The rows of one page, one per part of the range with events or costs, and whether there are more."""
    descending = any(each["direction"] == "DESC" for each in body["order"])
    times = sorted((time for time in rows.keys() | costs.keys() if time), reverse=descending)
    if after is not None:
        times = [time for time in times if (time < after if descending else time > after)]
    shown = times[: body["limit"]]
    wanted = tuple(body["metrics"])
    data = [row({TIME: time}, rows.get(time), costs.get(time, {}), wanted, usual) for time in shown]
    return data, len(times) > len(shown)


def _part(body: Body) -> Json:
    if _website(body) is None:
        return {"source": "cost_totals", "tells": [COST], "reason": "the costs of all bills, per day"}
    return {"source": "cost_days", "tells": [COST], "reason": "costs are allocated by the tags of charges"}


def _website(body: Body) -> UUID | None:
    return UUID(body["website_id"]) if body.get("website_id") else None


def _digest(body: Body) -> str:
    asked = {name: value for name, value in body.items() if name not in ("cursor", "limit", "dry_run")}
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _close(caller: Caller, body: Body, meta: Json, last: str) -> str:
    return seal(caller, LISTING, json.dumps([_digest(body), meta["start_date"], meta["end_date"], last]))


def _open(caller: Caller, body: Body) -> tuple[str, str, str]:
    """The days of the first page, and the time of its last row. Raises InvalidCursor."""
    of, start, end, last = json.loads(unseal(caller, LISTING, body["cursor"]))
    if of != _digest(body):
        raise InvalidCursor
    return start, end, last
