"""What a dashboard shows, over HTTP: the answers of all its widgets together."""

import asyncio
from datetime import date, timedelta

import pytest

from cloudmetrics.analytics.questions import store as questions
from cloudmetrics.boards.showing import service as showing
from cloudmetrics.platform.errors import QueryTooSlow
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_dashboards import code_of, make_dashboard
from tests.integration.test_goals import make_goal
from tests.integration.test_widgets import NUMBER, TEXT, asking, make_funnel, make_widget

pytestmark = pytest.mark.requirement("CM-9")


def moment(today: date, days_ago: int, hour: int) -> str:
    return f"{today - timedelta(days=days_ago)}T{hour:02}:00:00Z"


@pytest.fixture
async def shop(client, now) -> str:
    """A website with three visitors yesterday, and one nine days ago."""
    website_id, today = await make_website(client), now.date()
    url = "https://shop.example/"
    sale = {"name": "purchase", "revenue": {"amount_minor": 500, "currency": "USD"}}
    await send_events(
        client,
        make_event(website_id, timestamp=moment(today, 1, 9), visitor_id="anna", source="google", url=url),
        make_event(website_id, timestamp=moment(today, 1, 10), visitor_id="anna", **sale),
        make_event(website_id, timestamp=moment(today, 1, 9), visitor_id="bert", source="google", url=url),
        make_event(website_id, timestamp=moment(today, 1, 9), visitor_id="carl", source="bing", url=url),
        make_event(website_id, timestamp=moment(today, 9, 9), visitor_id="dora", source="bing", url=url),
    )
    return website_id


async def view(client, dashboard_id: str, **parameters) -> list[dict]:
    response = await client.get(f"/v1/dashboards/{dashboard_id}/data", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()["data"]["widgets"]


async def answers(client, dashboard_id: str, **parameters) -> list[dict]:
    return [widget["answer"] for widget in await view(client, dashboard_id, **parameters)]


async def test_each_kind_answers_what_query_metrics_answers(client, shop, now):
    today = now.date()
    dashboard_id = await make_dashboard(client, website_id=shop, range="LAST_7_DAYS")
    goal_id, funnel_id = await make_goal(client, shop), await make_funnel(client, shop)
    bodies = [
        asking(metrics=["visitors", "revenue"]) | {"compare": "PREVIOUS_PERIOD"},
        asking("TIME_SERIES", metrics=["visitors", "revenue"], dimensions=["time"], range="LAST_14_DAYS"),
        asking("BAR", dimensions=["source"], metrics=["visitors"]),
        asking("TABLE", dimensions=["source"], metrics=["conversion_rate"], goal_id=goal_id, limit=1),
        {"kind": "FUNNEL", "title": "Way", "funnel_id": funnel_id},
        TEXT,
    ]
    for body in bodies:
        await make_widget(client, dashboard_id, body)

    shown = {widget["kind"]: widget["answer"] for widget in await view(client, dashboard_id)}

    dates = {"start_date": str(today - timedelta(days=6)), "end_date": str(today), "website_id": shop}
    for body in bodies[:4]:
        question = {name: value for name, value in body["query"].items() if name != "range"}
        longer = {"start_date": str(today - timedelta(days=13))} if "range" in body["query"] else {}
        asked = await client.post("/v1/metrics/query", json=question | dates | longer)
        answer = shown[body["kind"]]
        assert (answer["kind"], answer["rows"]) == ("ROWS", asked.json()["data"])
        assert {name: answer[name] for name in dates} == dates | longer
    number = shown["NUMBER"]
    assert number["rows"][0]["metrics"]["visitors"] == 3
    assert number["comparison"] == {
        "start_date": str(today - timedelta(days=13)),
        "end_date": str(today - timedelta(days=7)),
        "metrics": {
            "visitors": 1,
            "revenue": {"amount_minor": 0, "currency": "USD"},
            "revenue_by_currency": [],
        },
        "change": {"visitors": 2.0, "revenue": None},
    }
    assert shown["BAR"]["rows"] == [
        {"dimensions": {"source": "google"}, "metrics": {"visitors": 2}},
        {"dimensions": {"source": "bing"}, "metrics": {"visitors": 1}},
    ]
    assert [step["visitors"] for step in shown["FUNNEL"]["steps"]] == [3, 1]
    assert shown["TEXT"] == {"kind": "TEXT", "text": TEXT["text"]}


async def test_whoever_looks_may_choose_other_days_and_another_website(client, shop, now):
    today = now.date()
    other = await make_website(client)
    dashboard_id = await make_dashboard(client, website_id=shop)
    await make_widget(client, dashboard_id, asking(range="TODAY", website_id=shop))

    async def visitors(**parameters) -> int:
        (answer,) = await answers(client, dashboard_id, **parameters)
        return answer["rows"][0]["metrics"]["visitors"]

    assert await visitors() == 0
    assert await visitors(range="YESTERDAY") == 3
    assert await visitors(range="LAST_14_DAYS") == 4
    ninth = str(today - timedelta(days=9))
    assert await visitors(start_date=ninth, end_date=ninth, range="TODAY") == 1
    assert await visitors(range="LAST_14_DAYS", website_id=other) == 0
    url = f"/v1/dashboards/{dashboard_id}/data"
    inverted = await client.get(url, params={"start_date": "2026-11-02", "end_date": "2026-11-01"})
    assert code_of(inverted) == (400, "INVALID_REQUEST")
    assert inverted.json()["errors"][0]["parameter"] == "end_date"
    unknown = await client.get(url, params={"website_id": dashboard_id})
    assert code_of(unknown) == (404, "NOT_FOUND")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_today_is_the_websites(client, zone):
    website_id = await make_website(client, timezone=zone)
    dashboard_id = await make_dashboard(client, website_id=website_id, range="TODAY")
    await make_widget(client, dashboard_id)
    expected = (await client.get("/v1/metrics", params={"website_id": website_id})).json()["meta"]["end_date"]
    (answer,) = await answers(client, dashboard_id)
    assert (answer["start_date"], answer["end_date"]) == (expected, expected)


async def test_a_widget_that_fails_says_so_in_its_place(client, shop, monkeypatch):
    gone = await make_website(client)
    dashboard_id = await make_dashboard(client, website_id=shop, range="YESTERDAY")
    goal_id = await make_goal(client, shop)
    funnel_id = await make_funnel(client, shop)
    for body in (
        NUMBER,
        asking(website_id=gone),
        asking(metrics=["conversion_rate"], goal_id=goal_id),
        {"kind": "FUNNEL", "title": "", "funnel_id": funnel_id},
        asking("BAR", dimensions=["event_name"]),
    ):
        await make_widget(client, dashboard_id, body)
    await client.delete(f"/v1/websites/{gone}")
    await client.delete(f"/v1/goals/{goal_id}")
    await client.delete(f"/v1/funnels/{funnel_id}")
    run = questions.run

    async def slow(tenant, statement):
        if "visitor_day_events" in statement.sql:
            raise QueryTooSlow(10)
        return await run(tenant, statement)

    monkeypatch.setattr(questions, "run", slow)
    shown = await view(client, dashboard_id)

    assert shown[0]["answer"]["rows"][0]["metrics"] == {"visitors": 3}
    problems = [widget["answer"]["problem"] for widget in shown[1:]]
    codes = [(problem["status"], problem["code"]) for problem in problems]
    assert codes == [(404, "NOT_FOUND")] * 3 + [(422, "QUERY_TOO_SLOW")]
    assert [problem["detail"] for problem in problems[:3]] == [
        "The workspace has no such website.",
        "The workspace has no such goal.",
        "The workspace has no such funnel.",
    ]
    assert problems[0]["instance"] == f"/v1/dashboards/{dashboard_id}/data"


async def test_all_widgets_together_get_some_time_and_no_more(client, shop, monkeypatch):
    dashboard_id = await make_dashboard(client, website_id=shop, range="YESTERDAY")
    for dimension in ("source", "medium", "campaign", "device", "browser", "country"):
        await make_widget(client, dashboard_id, asking("BAR", dimensions=[dimension]))
    await make_widget(client, dashboard_id, NUMBER)
    run, cancelled = questions.run, []

    async def hanging(tenant, statement):
        if "d0" not in statement.sql:
            return await run(tenant, statement)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(statement)
            raise

    monkeypatch.setattr(questions, "run", hanging)
    monkeypatch.setattr(showing, "PATIENCE_SECONDS", 0.5)
    shown = await answers(client, dashboard_id)
    assert [each["problem"]["code"] for each in shown if each["kind"] == "PROBLEM"] == [
        "QUERY_TOO_SLOW"
    ] * 6 + ["QUERY_TOO_SLOW"]
    # Those that were running were ended, and a few at once is all that ever ran.
    assert len(cancelled) == showing.AT_ONCE
    monkeypatch.setattr(questions, "run", run)
    assert {each["kind"] for each in await answers(client, dashboard_id)} == {"ROWS"}


async def test_what_widgets_ask_alike_is_asked_once_and_kept(client, shop, monkeypatch, now):
    today = now.date()
    dashboard_id = await make_dashboard(client, website_id=shop, range="YESTERDAY")
    for _ in range(5):
        await make_widget(client, dashboard_id, NUMBER)
    await make_widget(client, dashboard_id, asking(website_id=shop, range="YESTERDAY"))
    run, asked = questions.run, []

    async def counting(tenant, statement):
        asked.append(statement)
        return await run(tenant, statement)

    monkeypatch.setattr(questions, "run", counting)
    first = await answers(client, dashboard_id)
    assert len(asked) == 1
    assert await answers(client, dashboard_id) == first
    assert len(asked) == 1
    # A new event makes what was kept worthless.
    await send_events(client, make_event(shop, timestamp=moment(today, 1, 12), visitor_id="emil"))
    assert (await answers(client, dashboard_id))[0]["rows"][0]["metrics"]["visitors"] == 4
    assert len(asked) == 2


async def test_an_empty_dashboard_shows_nothing(client):
    dashboard_id = await make_dashboard(client, name="Empty", description="Soon")
    response = await client.get(f"/v1/dashboards/{dashboard_id}/data")
    expected = {"dashboard_id": dashboard_id, "name": "Empty", "description": "Soon", "widgets": []}
    assert response.json()["data"] == expected


async def test_another_tenants_dashboard_shows_nothing(client, make_home, shop):
    dashboard_id = await make_dashboard(client, website_id=shop)
    other = await make_home()
    neighbour = other.open(await other.make_key())
    response = await neighbour.get(f"/v1/dashboards/{dashboard_id}/data")
    assert code_of(response) == (404, "NOT_FOUND")
    own = await make_dashboard(neighbour)
    response = await neighbour.get(f"/v1/dashboards/{own}/data", params={"website_id": shop})
    assert code_of(response) == (404, "NOT_FOUND")
