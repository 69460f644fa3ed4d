"""Widgets over HTTP: judged when they are saved, and laid out on a grid."""

import asyncio
from uuid import uuid4

import orjson
import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_dashboards import code_of, make_dashboard, pointers
from tests.integration.test_goals import make_goal

pytestmark = pytest.mark.requirement("CM-9")

NUMBER = {"kind": "NUMBER", "title": "Visitors", "query": {"metrics": ["visitors"]}}
TEXT = {"kind": "TEXT", "title": "", "text": "# Hello"}
STEPS = [{"kind": "PAGE", "path_pattern": "/"}, {"kind": "EVENT", "event_name": "purchase"}]


def asking(kind: str = "NUMBER", **query) -> dict:
    return {"kind": kind, "title": kind.title(), "query": {"metrics": ["visitors"]} | query}


def at(x: int, y: int, width: int = 3, height: int = 2) -> dict:
    return {"layout": {"x": x, "y": y, "width": width, "height": height}}


async def make_widget(client, dashboard_id: str, body: dict | None = None) -> dict:
    response = await client.post(f"/v1/dashboards/{dashboard_id}/widgets", json=body or NUMBER)
    assert response.status_code == 201, response.text
    return response.json()["data"]


async def make_funnel(client, website_id: str, **fields) -> str:
    body = {"website_id": website_id, "name": "Funnel", "steps": STEPS} | fields
    response = await client.post("/v1/funnels", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]["id"]


@pytest.fixture
async def dashboard_id(client) -> str:
    return await make_dashboard(client)


KINDS = [
    asking(metrics=["visitors", "revenue"]) | {"compare": "PREVIOUS_YEAR"},
    asking("TIME_SERIES", dimensions=["time", "source"], interval="HOUR", range="YESTERDAY"),
    asking("BAR", dimensions=["entry_page"], limit=7, order=[{"by": "visitors", "direction": "ASC"}]),
    asking(
        "TABLE",
        dimensions=["source", "country"],
        goal="purchase",
        metrics=["conversion_rate", "visitors"],
        filter={
            "operator": "AND",
            "filters": [
                {"operator": "NOT", "filter": {"operator": "IS", "dimension": "page", "value": None}},
                {"operator": "IN", "dimension": "source", "values": ["google", "%_'\"; --"]},
            ],
        },
    ),
    TEXT | {"text": "\u202e<script>alert(1)</script> ünï 🙂"},
]


@pytest.mark.parametrize("body", KINDS, ids=lambda body: body["kind"])
async def test_a_created_widget_says_all_that_it_is_and_can_be_sent_back(client, dashboard_id, body):
    response = await client.post(f"/v1/dashboards/{dashboard_id}/widgets", json=body)
    assert response.status_code == 201, response.text
    widget, url = response.json()["data"], response.headers["location"]
    assert url == f"/v1/dashboards/{dashboard_id}/widgets/{widget['id']}"
    if "query" in body:
        assert body["query"].items() <= widget["query"].items()
    else:
        assert widget["text"] == body["text"]
    assert (await client.get(url)).json()["data"] == widget

    kept = {"id", "dashboard_id", "created_at", "updated_at"}
    again = await client.put(url, json={name: widget[name] for name in widget.keys() - kept})
    assert again.status_code == 200, again.text
    assert again.json()["data"] == widget | {"updated_at": again.json()["data"]["updated_at"]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (asking(metrics=["visitors", "guests"]), {"/query/metrics/1": "UNKNOWN_METRIC"}),
        (asking("BAR", dimensions=["colour"]), {"/query/dimensions/0": "UNKNOWN_DIMENSION"}),
        (asking("BAR", dimensions=["properties.no"]), {"/query/dimensions/0": "UNKNOWN_PROPERTY"}),
        (asking(website_id=str(uuid4())), {"/query/website_id": "UNKNOWN_WEBSITE"}),
        (asking(goal_id=str(uuid4())), {"/query/goal_id": "UNKNOWN_GOAL"}),
        (asking(metrics=["conversion_rate"]), {"/query/metrics/0": "GOAL_MISSING"}),
        (asking(dimensions=["source"]), {"/query/dimensions": "UNFIT_DIMENSIONS"}),
        (asking("TIME_SERIES"), {"/query/dimensions": "UNFIT_DIMENSIONS"}),
        (asking("BAR", dimensions=["source", "page"]), {"/query/dimensions": "UNFIT_DIMENSIONS"}),
        (asking("TABLE"), {"/query/dimensions": "UNFIT_DIMENSIONS"}),
        (
            asking("TIME_SERIES", dimensions=["time"], interval="HOUR", range="LAST_90_DAYS"),
            {"/query/range": "RANGE_TOO_LONG"},
        ),
        (asking() | at(10, 0), {"/layout/width": "OUTSIDE_GRID"}),
        (
            # Everything that is wrong, at once.
            asking("BAR", metrics=["guests"], goal_id=str(uuid4()), order=[{"by": "x", "direction": "ASC"}])
            | at(11, 0, 12),
            {
                "/layout/width": "OUTSIDE_GRID",
                "/query/dimensions": "UNFIT_DIMENSIONS",
                "/query/metrics/0": "UNKNOWN_METRIC",
                "/query/order/0/by": "UNKNOWN_ORDER",
                "/query/goal_id": "UNKNOWN_GOAL",
            },
        ),
        (
            {"kind": "FUNNEL", "title": "", "funnel_id": str(uuid4())},
            {"/funnel_id": "UNKNOWN_FUNNEL"},
        ),
        # The contract's part.
        ({"kind": "PIE", "title": ""}, {"/kind": "ENUM"}),
        (NUMBER | {"text": "x"}, {"/text": "UNKNOWN_FIELD"}),
        (TEXT | {"text": ""}, {"/text": "TOO_SHORT"}),
        (TEXT | {"text": "x" * 10_001}, {"/text": "TOO_LONG"}),
        (asking(start_date="2026-11-01"), {"/query/start_date": "UNKNOWN_FIELD"}),
        (asking(limit=1001), {"/query/limit": "TOO_LARGE"}),
        (NUMBER | at(12, 0), {"/layout/x": "TOO_LARGE"}),
        (NUMBER | at(0, 0, 0), {"/layout/width": "TOO_SMALL"}),
    ],
)
async def test_what_makes_no_sense_is_refused_when_it_is_saved(client, dashboard_id, body, expected):
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    assert pointers(await client.post(url, json=body)) == expected
    widget = await make_widget(client, dashboard_id)
    assert pointers(await client.put(f"{url}/{widget['id']}", json=body)) == expected
    listed = (await client.get(url)).json()["data"]
    assert listed == [widget]


def nested(depth: int) -> dict:
    found: dict = {"operator": "IS", "dimension": "source", "value": "x"}
    for _ in range(depth):
        found = {"operator": "NOT", "filter": found}
    return found


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (orjson.dumps(asking(filter=nested(5))), 400),
        (orjson.dumps(asking(filter=nested(200))), 400),
        (b'{"kind": "TEXT", "title": "", "text": "' + b"[" * 500_000 + b'"}', 400),
        (b'{"kind": "TEXT", "title": "", "text": "x\\u0000"}', 400),
        (b'{"kind": "TEXT", "title": "", "text": "\\ud800"}', 400),
        (b'{"kind": "TEXT", "title": "", "text": "' + b"x" * 2**20 + b'"}', 413),
        (orjson.dumps(asking("BAR", dimensions=["source"], goal="'; DROP TABLE widgets; --")), 201),
    ],
    ids=["too-deep", "far-too-deep", "brackets", "nul", "surrogate", "too-large", "sql"],
)
async def test_a_hostile_body_is_refused_or_harmless(client, dashboard_id, content, status):
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    response = await client.post(url, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    shown = await client.get(f"/v1/dashboards/{dashboard_id}/data")
    assert {each["answer"]["kind"] for each in shown.json()["data"]["widgets"]} <= {"ROWS"}


async def test_what_belongs_to_another_tenant_is_as_unknown_as_nothing(client, dashboard_id, make_home):
    other = await make_home()
    neighbour = other.open(await other.make_key())
    website_id = await make_website(neighbour)
    await send_events(neighbour, make_event(website_id, properties={"secret": "x"}))
    goal_id, funnel_id = await make_goal(neighbour, website_id), await make_funnel(neighbour, website_id)
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    cases = [
        (asking(website_id=website_id), {"/query/website_id": "UNKNOWN_WEBSITE"}),
        (asking(goal_id=goal_id), {"/query/goal_id": "UNKNOWN_GOAL"}),
        (asking("BAR", dimensions=["properties.secret"]), {"/query/dimensions/0": "UNKNOWN_PROPERTY"}),
        ({"kind": "FUNNEL", "title": "", "funnel_id": funnel_id}, {"/funnel_id": "UNKNOWN_FUNNEL"}),
    ]
    for body, expected in cases:
        assert pointers(await client.post(url, json=body)) == expected
    foreign = await make_dashboard(neighbour)
    widget = await make_widget(neighbour, foreign)
    own = await make_widget(client, dashboard_id)
    for address in (f"/v1/dashboards/{foreign}/widgets", f"{url}/{widget['id']}"):
        assert code_of(await client.get(address)) == (404, "NOT_FOUND")
    # A widget of another dashboard of one's own neither.
    second = await make_dashboard(client)
    address = f"/v1/dashboards/{second}/widgets/{own['id']}"
    for response in (await client.get(address), await client.delete(address)):
        assert code_of(response) == (404, "NOT_FOUND")


async def test_a_goal_has_to_be_the_websites(client, website_id):
    goal_id = await make_goal(client, website_id)
    dashboard_id = await make_dashboard(client)
    url = f"/v1/dashboards/{dashboard_id}"
    body = asking(metrics=["conversion_rate"], goal_id=goal_id)
    response = await client.post(f"{url}/widgets", json=body)
    assert pointers(response) == {"/query/goal_id": "GOAL_OF_ANOTHER_WEBSITE"}
    await client.patch(url, json={"website_id": website_id})
    await make_widget(client, dashboard_id, body)

    # The dashboard cannot be turned to another website as long as the widget asks for this goal.
    other = await make_website(client)
    response = await client.patch(url, json={"website_id": other})
    assert pointers(response) == {"/website_id": "GOAL_OF_ANOTHER_WEBSITE"}
    assert "Number" in response.json()["errors"][0]["message"]


async def test_hours_keep_a_dashboard_from_longer_days(client, dashboard_id):
    url = f"/v1/dashboards/{dashboard_id}"
    await make_widget(client, dashboard_id, asking("TIME_SERIES", dimensions=["time"], interval="HOUR"))
    assert pointers(await client.patch(url, json={"range": "LAST_90_DAYS"})) == {"/range": "RANGE_TOO_LONG"}
    assert (await client.patch(url, json={"range": "LAST_7_DAYS"})).status_code == 200


async def test_nobody_shows_others_what_they_may_not_ask_themselves(client, home, website_id):
    dashboard_id = await make_dashboard(client, website_id=website_id)
    funnel_id = await make_funnel(client, website_id)
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    blind = home.open(await home.make_key({"dashboards:full"}))
    counting = home.open(await home.make_key({"dashboards:full", "metrics:read"}))
    funnel = {"kind": "FUNNEL", "title": "", "funnel_id": funnel_id}
    for client_, body, missing in ((blind, NUMBER, "metrics:read"), (counting, funnel, "goals:read")):
        response = await client_.post(url, json=body)
        assert code_of(response) == (403, "SCOPE_NOT_HELD")
        assert response.json()["details"] == {"missing_scopes": [missing]}
    assert (await blind.post(url, json=TEXT)).status_code == 201
    assert (await counting.post(url, json=NUMBER)).status_code == 201


async def test_two_widgets_never_share_a_cell(client, dashboard_id):
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    first = await make_widget(client, dashboard_id, NUMBER | at(3, 0, 6, 4))
    for taken in (at(0, 0, 4, 1), at(8, 3, 1, 1), at(0, 2, 12, 1), at(4, 1, 1, 1)):
        assert code_of(await client.post(url, json=NUMBER | taken)) == (409, "PLACE_TAKEN")
    # Side by side is fine, and without a place it is the first that is free.
    await make_widget(client, dashboard_id, NUMBER | at(9, 0, 3, 4))
    assert (await make_widget(client, dashboard_id))["layout"] == at(0, 0)["layout"]
    wide = await make_widget(client, dashboard_id, asking("TIME_SERIES", dimensions=["time"]))
    assert wide["layout"] == at(0, 4, 12, 4)["layout"]
    moved = await client.put(f"{url}/{first['id']}", json=NUMBER | at(3, 1, 6, 4))
    assert code_of(moved) == (409, "PLACE_TAKEN")
    assert (await client.put(f"{url}/{first['id']}", json=NUMBER | at(4, 0, 5, 4))).status_code == 200


async def test_widgets_that_want_a_place_at_once_get_one_each(client, dashboard_id):
    answers = await asyncio.gather(
        *(client.post(f"/v1/dashboards/{dashboard_id}/widgets", json=NUMBER) for _ in range(8))
    )
    places = {tuple(answer.json()["data"]["layout"].values()) for answer in answers}
    assert len(places) == 8


async def test_widgets_change_places_all_at_once_or_not_at_all(client, dashboard_id):
    left = await make_widget(client, dashboard_id, NUMBER | at(0, 0, 6, 2))
    right = await make_widget(client, dashboard_id, NUMBER | at(6, 0, 6, 2))
    below = await make_widget(client, dashboard_id, NUMBER | at(0, 2, 12, 2))
    url = f"/v1/dashboards/{dashboard_id}/layout"

    def moves(*pairs) -> dict:
        return {"widgets": [{"widget_id": widget["id"]} | place for widget, place in pairs]}

    swapped = await client.put(url, json=moves((left, at(6, 0, 6, 2)), (right, at(0, 0, 6, 2))))
    assert swapped.status_code == 200
    ids = [right["id"], left["id"], below["id"]]
    arranged = swapped.json()["data"]["widgets"]
    assert [each["id"] for each in arranged] == ids
    wrong = await client.put(
        url,
        json=moves(
            (left, at(0, 2, 6, 2)),
            (right, at(8, 0, 6, 2)),
            (right, at(0, 9)),
            ({"id": str(uuid4())}, at(0, 9)),
        ),
    )
    assert pointers(wrong) == {
        "/widgets/0/layout": "OVERLAP",
        "/widgets/1/layout/width": "OUTSIDE_GRID",
        "/widgets/3/widget_id": "UNKNOWN_WIDGET",
    }
    listed = (await client.get(f"/v1/dashboards/{dashboard_id}/widgets")).json()["data"]
    assert {each["id"]: each["layout"] for each in listed} == {
        each["id"]: each["layout"] for each in arranged
    }


async def test_a_dashboard_has_a_hundred_widgets_at_most(client, dashboard_id):
    url = f"/v1/dashboards/{dashboard_id}/widgets"
    answers = []
    for _ in range(8):
        answers += await asyncio.gather(*(client.post(url, json=TEXT) for _ in range(13)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 100 + [409] * 4
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "WIDGET_LIMIT_REACHED"
    listed = await client.get(url, params={"limit": 60})
    cursor = listed.json()["pagination"]["next_cursor"]
    rest = await client.get(url, params={"limit": 60, "cursor": cursor})
    ids = [each["id"] for page in (listed, rest) for each in page.json()["data"]]
    assert len(set(ids)) == 100
    assert (await client.delete(f"{url}/{ids[0]}")).status_code == 204
    assert (await client.post(url, json=TEXT)).status_code == 201


async def test_a_patch_changes_what_it_names_and_is_judged_as_a_whole(client, dashboard_id):
    body = asking(
        metrics=["visitors"], range="TODAY", filter={"operator": "IS", "dimension": "page", "value": "/"}
    )
    widget = await make_widget(client, dashboard_id, body | {"compare": "PREVIOUS_YEAR"} | at(2, 3))
    url = f"/v1/dashboards/{dashboard_id}/widgets/{widget['id']}"

    response = await client.patch(
        url,
        json={
            "title": "New",
            "layout": {"x": 5},
            "query": {"metrics": ["events"], "range": None, "filter": None},
        },
    )

    assert response.status_code == 200, response.text
    changed = response.json()["data"]
    query = widget["query"] | {"metrics": ["events"], "range": None, "filter": None}
    layout = widget["layout"] | {"x": 5}
    expected = widget | {
        "title": "New",
        "layout": layout,
        "query": query,
        "updated_at": changed["updated_at"],
    }
    assert changed == expected == (await client.get(url)).json()["data"]
    assert (await client.patch(url, json={"compare": None})).json()["data"]["compare"] is None
    for patch, expected in (
        ({"text": "x"}, {"/text": "UNKNOWN_FIELD"}),
        ({"query": {"dimensions": ["source"]}}, {"/query/dimensions": "UNFIT_DIMENSIONS"}),
        ({"query": {"goal_id": str(uuid4())}}, {"/query/goal_id": "UNKNOWN_GOAL"}),
        ({"layout": {"width": 8}}, {"/layout/width": "OUTSIDE_GRID"}),
        ({"kind": "TEXT"}, {"/kind": "UNKNOWN_FIELD"}),
    ):
        assert pointers(await client.patch(url, json=patch)) == expected


async def test_a_widget_that_two_change_is_changed_once(client, dashboard_id):
    widget = await make_widget(client, dashboard_id)
    url = f"/v1/dashboards/{dashboard_id}/widgets/{widget['id']}"
    seen = (await client.get(url)).headers["etag"]
    first = await client.put(url, json=TEXT, headers={"If-Match": seen})
    late = await client.put(url, json=NUMBER, headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["etag"] == (await client.get(url)).headers["etag"]
    assert code_of(late) == (412, "PRECONDITION_FAILED")
