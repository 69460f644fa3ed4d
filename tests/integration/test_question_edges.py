"""Questions over HTTP: pages, plans, kept answers, and what makes no sense or takes too long."""

import random
import time
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.question_recounts import recount
from tests.integration.test_questions import METRICS, make_world

NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}


async def ask(client, **question) -> dict[str, Any]:
    response = await client.post("/v1/metrics/query", json=NOVEMBER | question)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(client, **question) -> tuple[int, dict[str, str]]:
    """The status, and the code at each pointer."""
    response = await client.post("/v1/metrics/query", json=NOVEMBER | question)
    body = response.json()
    found = {each["pointer"]: each["code"] for each in body.get("errors", [])}
    return response.status_code, found or {"": body["code"]}


def values(body: dict, metric: str) -> list[tuple]:
    return [(*row["dimensions"].values(), row["metrics"][metric]) for row in body["data"]]


def leaf(dimension: str, value: str | None, operator: str = "IS") -> dict:
    return {"operator": operator, "dimension": dimension, "value": value}


@pytest.mark.requirement("CM-7")
@pytest.mark.parametrize("seed", range(3))
async def test_pages_together_are_the_whole_answer_in_its_order(client, seed):
    """Orders by anything, up and down, with ties and nulls, equal the order of a sort in Python."""
    dice = random.Random(seed)
    world = await make_world(client, dice, ["USD", "USD"])
    for _ in range(8):
        dimensions = dice.sample(["time", "source", "page", "event_name", "properties.plan"], k=2)
        by = dice.sample([*METRICS, *dimensions], k=dice.choice([1, 2]))
        order = [{"by": name, "direction": dice.choice(["ASC", "DESC"])} for name in by]
        question = {
            "start_date": "2026-10-25",
            "end_date": "2026-10-31",
            "metrics": METRICS,
            "dimensions": dimensions,
            "goal": "signup",
            "order": order,
            "limit": dice.choice([3, 7]),
        }
        rows, cursor, pages = [], {}, 0
        while True:
            body = await world.ask(**question, **cursor)
            rows += body["data"]
            pages += 1
            if not body["pagination"]["has_more"]:
                break
            cursor = {"cursor": body["pagination"]["next_cursor"]}
        assert pages > 1
        expected = recount(world.sites, question)
        for name in reversed(dimensions):
            expected.sort(key=lambda row, name=name: row["dimensions"][name] or "")
        for each in reversed(order):
            expected.sort(
                key=lambda row, by=each["by"]: sortable(row, by), reverse=each["direction"] == "DESC"
            )
        shown = [row["dimensions"] for row in rows]
        assert shown == [row["dimensions"] for row in expected], order


def sortable(row: dict, by: str) -> Any:
    if by in row["dimensions"]:
        return row["dimensions"][by] or ""
    value = row["metrics"][by]
    if by == "revenue_per_visitor":
        return row["metrics"]["revenue"]["amount_minor"] / row["metrics"]["visitors"]
    if isinstance(value, dict):
        return value["amount_minor"]
    return -1e99 if value is None else round(value, 6)


async def test_a_page_stays_right_while_rows_come(client, website_id):
    for source in "bdf":
        await send_events(client, make_event(website_id, visitor_id=source, source=source))
    question = {"metrics": ["events"], "dimensions": ["source"], "limit": 1}
    question["order"] = [{"by": "source", "direction": "ASC"}]
    first = await ask(client, **question)
    await send_events(client, make_event(website_id, visitor_id="a", source="a"))
    await send_events(client, make_event(website_id, visitor_id="c", source="c"))
    second = await ask(client, **question, cursor=first["pagination"]["next_cursor"])
    assert values(first, "events") + values(second, "events") == [("b", 1), ("c", 1)]


async def test_a_cursor_keeps_the_days_of_its_first_page(client, website_id, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-11-30T23:59:59+00:00"))
    for source in "ab":
        moment = "2026-11-01T00:00:00Z"
        await send_events(client, make_event(website_id, visitor_id=source, source=source, timestamp=moment))
    question = {"metrics": ["events"], "dimensions": ["source"], "limit": 1}
    first = (await client.post("/v1/metrics/query", json=question)).json()
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-12-01T00:00:01+00:00"))
    cursor = {"cursor": first["pagination"]["next_cursor"]}
    second = (await client.post("/v1/metrics/query", json=question | cursor)).json()
    assert values(second, "events") == [("b", 1)]
    assert second["meta"]["start_date"] == "2026-11-01"


@pytest.mark.requirement("PL-5")
async def test_a_cursor_of_another_question_or_tenant_is_refused(client, website_id, make_home):
    for source in "ab":
        await send_events(client, make_event(website_id, visitor_id=source, source=source))
    question = {"metrics": ["events"], "dimensions": ["source"], "limit": 1}
    cursor = (await ask(client, **question))["pagination"]["next_cursor"]
    assert values(await ask(client, **question | {"limit": 5}, cursor=cursor), "events") == [("b", 1)]
    other = await make_home()
    stranger = other.open(await other.make_key())
    for asking, changed in (
        (client, {"metrics": ["visitors"]}),
        (client, {"end_date": "2026-11-29"}),
        (client, {"filter": leaf("source", "b")}),
        (client, {"cursor": cursor[:-2]}),
        (client, {"cursor": "ü"}),
        (stranger, {}),
    ):
        found = await refused(asking, **question | {"cursor": cursor} | changed)
        assert found == (400, {"": "INVALID_CURSOR"})


async def test_without_dimensions_there_is_one_row_also_of_nothing(client):
    body = await ask(client, metrics=METRICS, goal="signup")
    (row,) = body["data"]
    assert row["dimensions"] == {}
    assert (row["metrics"]["visitors"], row["metrics"]["bounce_rate"]) == (0, None)
    assert (await ask(client, metrics=METRICS, goal="signup", dimensions=["source"]))["data"] == []


async def test_absent_and_empty_are_null_and_can_be_asked_for(client, website_id):
    await send_events(
        client,
        make_event(website_id, visitor_id="a"),
        make_event(website_id, visitor_id="b", source=""),
        make_event(website_id, visitor_id="c", source="x"),
    )
    asked = {"metrics": ["visitors"], "dimensions": ["source"]}
    assert values(await ask(client, **asked), "visitors") == [(None, 2), ("x", 1)]
    assert values(await ask(client, **asked, filter=leaf("source", None)), "visitors") == [(None, 2)]
    assert values(await ask(client, **asked, filter=leaf("source", None, "IS_NOT")), "visitors") == [("x", 1)]
    assert values(await ask(client, **asked, filter=leaf("source", "x", "IS_NOT")), "visitors") == [(None, 2)]


@pytest.mark.requirement("PL-18")
@pytest.mark.parametrize(
    "hostile",
    ["' OR 1=1 --", "%", "_", "\\", "%(workspace_id)s", "%s", "%%", '"; DROP TABLE x; --', "{}", "\u202e"],
)  # fmt: skip
@pytest.mark.parametrize("operator", ["IS", "CONTAINS", "IN", "IS_NOT"])
async def test_a_hostile_value_is_only_a_value(client, website_id, hostile, operator):
    await send_events(
        client,
        make_event(website_id, visitor_id="a", source=hostile, properties={hostile: hostile, "x": "y"}),
        make_event(website_id, visitor_id="b", source="safe"),
    )
    value = {"values": [hostile]} if operator == "IN" else {"value": hostile}
    for dimension in ("source", f"properties.{hostile}"):
        wanted = {"operator": operator, "dimension": dimension, **value}
        (row,) = (await ask(client, metrics=["visitors"], filter=wanted))["data"]
        assert row["metrics"]["visitors"] == 1
    found = await ask(client, metrics=["events"], dimensions=[f"properties.{hostile}"])
    assert sorted(values(found, "events"), key=str) == sorted([(hostile, 1), (None, 1)], key=str)


@pytest.mark.requirement("B-3")
async def test_everything_that_makes_no_sense_is_told_at_once(client):
    filters = [leaf("time", "2026-11-01"), leaf("properties.", "x"), leaf("planet", "x")]
    found = await refused(
        client,
        start_date="2026-11-30",
        end_date="2026-11-01",
        metrics=["visitors", "visitor", "conversion_rate"],
        dimensions=["source", "sources", "properties." + "x" * 101],
        filter={"operator": "AND", "filters": filters},
        order=[{"by": "pageviews", "direction": "ASC"}, {"by": "source", "direction": "ASC"}] * 1,
        interval="HOUR",
    )
    assert found == (
        400,
        {
            "/end_date": "RANGE_INVERTED",
            "/metrics/1": "UNKNOWN_METRIC",
            "/metrics/2": "GOAL_MISSING",
            "/dimensions/1": "UNKNOWN_DIMENSION",
            "/dimensions/2": "UNKNOWN_DIMENSION",
            "/filter/filters/0/dimension": "UNKNOWN_DIMENSION",
            "/filter/filters/1/dimension": "UNKNOWN_DIMENSION",
            "/filter/filters/2/dimension": "UNKNOWN_DIMENSION",
            "/order/0/by": "UNKNOWN_ORDER",
        },
    )


def nested(depth: int) -> dict:
    node = leaf("source", "x")
    for _ in range(depth - 1):
        node = {"operator": "NOT", "filter": node}
    return node


HALF = {"operator": "AND", "filters": [leaf("source", "x")] * 26}
TOO_MANY = {"operator": "OR", "filters": [HALF, HALF]}
HOURS = {"dimensions": ["time"], "interval": "HOUR"}


@pytest.mark.parametrize(
    ("question", "pointer", "code"),
    [
        ({"filter": nested(6)}, "/filter" + "/filter" * 5, "FILTER_TOO_DEEP"),
        ({"filter": TOO_MANY}, "/filter", "FILTER_TOO_LARGE"),
        ({"filter": {"operator": "LIKE", "dimension": "source", "value": "x"}}, "/filter/operator", "ENUM"),
        ({"filter": {"operator": "IS", "dimension": "source"}}, "/filter/value", "REQUIRED"),
        ({"filter": {"operator": "IN", "dimension": "source", "values": []}}, "/filter/values", "TOO_FEW"),
        ({"filter": leaf("source", "")}, "/filter/value", "TOO_SHORT"),
        ({"start_date": "2016-01-01"}, "/end_date", "RANGE_TOO_LONG"),
        ({"start_date": "0000-01-01"}, "/start_date", "DATE_OUT_OF_RANGE"),
        (HOURS | {"start_date": "2026-10-30"}, "/end_date", "RANGE_TOO_LONG"),
        ({"goal": "a", "goal_id": str(uuid4())}, "/goal_id", "GOAL_TWICE"),
        ({"metrics": []}, "/metrics", "TOO_FEW"),
        ({"metrics": ["visitors", "visitors"]}, "/metrics", "NOT_UNIQUE"),
        ({"order": [{"by": "visitors", "direction": "UP"}]}, "/order/0/direction", "ENUM"),
        ({"order": [{"by": "visitors", "direction": "ASC"}] * 2}, "/order/1/by", "UNKNOWN_ORDER"),
        ({"limit": 1001}, "/limit", "TOO_LARGE"),
        ({"colour": "red"}, "/colour", "UNKNOWN_FIELD"),
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_names_its_field(client, question, pointer, code):
    status, found = await refused(client, **{"metrics": ["visitors"]} | question)
    assert status == 400
    assert found == {pointer: code}


@pytest.mark.requirement("PL-18")
@pytest.mark.parametrize("operator", ["NOT", "AND"])
@pytest.mark.parametrize("depth", [60, 200, 900])
async def test_a_filter_of_any_depth_is_refused_quickly(client, operator, depth):
    """A union that is tried form by form would double its work with every level."""
    key, close = ("filter", "") if operator == "NOT" else ("filters", "]")
    start = f'{{"operator":"{operator}","{key}":' + ("[" if close else "")
    inner = '{"operator":"IS","dimension":"source","value":"x"}'
    text = '{"metrics":["visitors"],"filter":' + start * depth + inner + (close + "}") * depth + "}"
    started = time.process_time()
    response = await client.post(
        "/v1/metrics/query", content=text, headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert time.process_time() - started < 3


async def test_a_property_that_no_event_ever_had_is_unknown(client, website_id):
    event = make_event(
        website_id, properties={"plan": "pro", "empty": None}, timestamp="2020-01-01T00:00:00Z"
    )
    await send_events(client, event)
    asked = {"metrics": ["events"], "dimensions": ["properties.plan"], "website_id": website_id}
    # It was there once, though not in these days.
    assert (await ask(client, **asked))["data"] == []
    assert (await ask(client, metrics=["events"], dimensions=["properties.empty"]))["data"] == []
    wrong = {"dimensions": ["properties.plane"], "filter": leaf("properties.seat", "1")}
    expected = {"/dimensions/0": "UNKNOWN_PROPERTY", "/filter": "UNKNOWN_PROPERTY"}
    assert await refused(client, **asked | wrong) == (400, expected)
    other = await make_website(client)
    status, found = await refused(client, **asked | {"website_id": other})
    assert (status, found) == (400, {"/dimensions/0": "UNKNOWN_PROPERTY"})


@pytest.mark.requirement("PL-8")
async def test_amounts_of_several_currencies_are_neither_added_nor_sorted(client, website_id):
    euros = await make_website(client, currency="EUR")
    await send_events(
        client,
        make_event(website_id, revenue={"amount_minor": 5, "currency": "USD"}),
        make_event(euros, revenue={"amount_minor": 9, "currency": "EUR"}),
        make_event(euros, source="x", visitor_id="b", revenue={"amount_minor": 1, "currency": "EUR"}),
    )
    asked = {"metrics": ["events", "revenue", "revenue_per_visitor"], "dimensions": ["source"]}
    both, one = (row["metrics"] for row in (await ask(client, **asked))["data"])
    assert (both["revenue"], both["revenue_per_visitor"]) == (None, None)
    assert [money["amount_minor"] for money in both["revenue_by_currency"]] == [9, 5]
    assert one["revenue"] == {"amount_minor": 1, "currency": "EUR"}
    by_revenue = {"order": [{"by": "revenue", "direction": "DESC"}]}
    assert await refused(client, **asked | by_revenue) == (400, {"/order/0/by": "SEVERAL_CURRENCIES"})
    first = {"metrics": ["revenue", "events"], "dimensions": ["source"]}
    assert await refused(client, **first) == (400, {"/order": "SEVERAL_CURRENCIES"})
    assert len((await ask(client, **asked | by_revenue, website_id=euros))["data"]) == 2


def earning(amount: int) -> dict:
    return {"name": "purchase", "revenue": {"amount_minor": amount, "currency": "USD"}}


@pytest.mark.requirement("DF-2")
async def test_a_goal_of_the_website_can_be_what_converts(client, website_id):
    goals = [
        {"kind": "PAGE", "path_pattern": "/thanks*"},
        {
            "kind": "EVENT",
            "event_name": "purchase",
            "minimum_revenue": {"amount_minor": 50, "currency": "USD"},
        },
        {"kind": "EVENT", "event_name": "purchase"},
    ]
    await send_events(
        client,
        make_event(website_id, visitor_id="a", source="x", url="https://a.example/thanks?order=1"),
        make_event(website_id, visitor_id="b", source="x", **earning(49)),
        make_event(website_id, visitor_id="c", source="y", **earning(50)),
        make_event(website_id, visitor_id="d", source="y"),
    )
    expected = [[("x", 0.5), ("y", 0)], [("x", 0), ("y", 0.5)], [("x", 0.5), ("y", 0.5)]]
    for condition, rates in zip(goals, expected, strict=True):
        body = {"website_id": website_id, "name": "Goal", "condition": condition}
        goal_id = (await client.post("/v1/goals", json=body)).json()["data"]["id"]
        asked = {"metrics": ["conversion_rate"], "dimensions": ["source"], "goal_id": goal_id}
        asked["order"] = [{"by": "source", "direction": "ASC"}]
        assert values(await ask(client, website_id=website_id, **asked), "conversion_rate") == rates
        found = await refused(client, **asked)
        assert found == (400, {"/goal_id": "GOAL_OF_ANOTHER_WEBSITE"})
    unknown = {"metrics": ["conversion_rate"], "goal_id": str(uuid4()), "website_id": website_id}
    assert await refused(client, **unknown) == (404, {"": "NOT_FOUND"})


@pytest.mark.requirement("PL-5")
async def test_websites_of_others_are_not_found(client, website_id, make_home):
    await send_events(client, make_event(website_id))
    other = await make_home()
    stranger = other.open(await other.make_key())
    assert await refused(stranger, metrics=["events"], website_id=website_id) == (404, {"": "NOT_FOUND"})
    assert values(await ask(stranger, metrics=["events"]), "events") == [(0,)]
    await client.delete(f"/v1/websites/{website_id}")
    assert await refused(client, metrics=["events"], website_id=website_id) == (404, {"": "NOT_FOUND"})
    assert values(await ask(client, metrics=["events"]), "events") == [(0,)]


@pytest.mark.requirement("CM-5")
async def test_reading_metrics_is_the_scope_for_it(home):
    granted = home.open(await home.make_key(["metrics:read"]))
    other = home.open(await home.make_key(["events:read", "goals:full"]))
    assert (await granted.post("/v1/metrics/query", json={"metrics": ["events"]})).status_code == 200
    assert (await other.post("/v1/metrics/query", json={"metrics": ["events"]})).status_code == 403
    assert (await other.get("/v1/metrics/realtime")).status_code == 403


@pytest.mark.requirement("B-9")
@pytest.mark.parametrize(
    ("question", "sources"),
    [
        ({"metrics": ["visitors", "revenue"]}, ["daily_totals", "daily_gaps"]),
        ({"metrics": ["visitors"], "dimensions": ["time"]}, ["daily_totals"]),
        ({"metrics": ["visitors"], "dimensions": ["time"], "interval": "WEEK"}, ["daily_gaps"]),
        ({"metrics": ["visitors"], "filter": leaf("source", "x")}, ["daily_gaps"]),
        ({"metrics": ["visitors"], "filter": leaf("source", "x", "IS_NOT")}, ["visitor_days"]),
        ({"metrics": ["events"], "filter": leaf("source", "x", "IS_NOT")}, ["daily_totals"]),
        ({"metrics": ["visitors"], "dimensions": ["source", "country"]}, ["visitor_days"]),
        ({"metrics": ["events"], "dimensions": ["source", "country"]}, ["daily_cube"]),
        ({"metrics": ["events"], "dimensions": ["event_name"]}, ["visitor_day_events"]),
        ({"metrics": ["pageviews"], "dimensions": ["page"]}, ["page_days"]),
        ({"metrics": ["pageviews", "visitors"], "dimensions": ["page"]}, ["page_days", "events"]),
        ({"metrics": ["visitors", "pageviews"], "dimensions": ["page"]}, ["events"]),
        ({"metrics": ["visits"], "dimensions": ["entry_page"]}, ["visits"]),
        ({"metrics": ["events"], **HOURS, "start_date": "2026-11-29"}, ["events"]),
        ({"metrics": ["conversion_rate"], "goal": "x"}, ["daily_gaps", "visitor_day_events"]),
    ],
)  # fmt: skip
async def test_a_dry_run_says_what_would_be_read(client, website_id, question, sources):
    await send_events(client, make_event(website_id, source="x"))
    body = await ask(client, website_id=website_id, **question, dry_run=True)
    plan = body["meta"]["plan"]
    assert [part["source"] for part in plan["parts"]] == sources
    assert all(part["reason"] for part in plan["parts"])
    tables = {read["table"] for read in plan["reads"]}
    assert set(sources) - {"goal_days"} <= tables
    assert (body["data"], body["pagination"]["has_more"]) == ([], False)
    answered = await ask(client, website_id=website_id, **question)
    assert [part["source"] for part in answered["meta"]["plan"]["parts"]] == sources
    assert answered["meta"]["plan"]["reads"] is None
