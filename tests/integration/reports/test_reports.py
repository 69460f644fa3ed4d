"""Reports as they are defined: what is kept, what is refused, and a dashboard instead of sections."""

from datetime import datetime
from uuid import uuid4

import pytest

from cloudmetrics.platform.jobs import GiveUp
from tests.integration.reports.conftest import (
    GLANCE,
    download,
    make_report,
    run_now,
    runs_of,
    seed,
    wish,
    work,
)

pytestmark = pytest.mark.requirement("CM-7")


async def test_a_report_is_kept_as_it_was_wanted_with_defaults_filled_in(client):
    report = await make_report(
        client, schedule={"cron": "0 8 * * 1"}, recipients=["ben@example.com", "ben@example.com"]
    )
    assert (await client.get(f"/v1/reports/{report['id']}")).json()["data"] == report
    assert report["schedule"] == {"cron": "0 8 * * 1", "timezone": "UTC"}
    assert report["sections"][0]["question"]["limit"] == 1000
    assert (report["status"], report["delivery"], report["recipients"]) == (
        "ACTIVE",
        "ATTACHMENT",
        ["ben@example.com"],
    )
    due = datetime.fromisoformat(report["next_run_at"])
    assert (due.weekday(), due.hour) == (0, 8)
    listed = (await client.get("/v1/reports", params={"status": "ACTIVE"})).json()["data"]
    assert listed == [report]

    body = wish(name="Daily", schedule={"cron": "0 8 * * *", "timezone": "Asia/Tokyo"}, status="PAUSED")
    replaced = (await client.put(f"/v1/reports/{report['id']}", json=body)).json()["data"]
    assert (replaced["name"], replaced["next_run_at"]) == ("Daily", None)
    assert replaced["created_at"] == report["created_at"]
    assert (await client.delete(f"/v1/reports/{report['id']}")).status_code == 204
    assert (await client.get(f"/v1/reports/{report['id']}")).status_code == 404
    assert (await client.delete(f"/v1/reports/{report['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"schedule": {"cron": "0 8 * * 1 "}}, "INVALID_CRON", "/schedule/cron"),
        ({"schedule": {"cron": "*/5 * * * *"}}, "INVALID_CRON", "/schedule/cron"),
        ({"schedule": {"cron": "0 0 30 2 *"}}, "INVALID_CRON", "/schedule/cron"),
        ({"schedule": {"cron": "0 8 * * 1", "timezone": "Mars/Base"}}, "UNKNOWN_TIMEZONE",
         "/schedule/timezone"),
        ({"recipients": ["ben@example.com", "ben@example..com"]}, "INVALID_EMAIL", "/recipients/1"),
        ({"sections": [GLANCE, {"title": "x", "question": {"metrics": ["nonsense"]}}]}, "UNKNOWN_METRIC",
         "/sections/1/question/metrics/0"),
        ({"sections": [{"title": "x", "question": {"metrics": ["visitors"], "cursor": "x"}}]},
         "UNKNOWN_FIELD", "/sections/0/question/cursor"),
        ({"sections": [{"title": "x", "question": {"metrics": ["visitors"], "limit": 100001}}]}, "TOO_LARGE",
         "/sections/0/question/limit"),
        ({"sections": []}, "SECTIONS_UNCLEAR", "/sections"),
        ({"name": "  "}, "PATTERN", "/name"),
    ],
)  # fmt: skip
async def test_a_senseless_report_is_refused_with_a_pointer(client, fields, code, pointer):
    response = await client.post("/v1/reports", json=wish(**fields))
    assert response.status_code == 400, response.text
    assert (code, pointer) in [(each["code"], each["pointer"]) for each in response.json()["errors"]]


async def test_a_website_has_to_be_there_and_the_scope_for_metrics_too(home, client):
    foreign = {"title": "x", "question": {"metrics": ["visitors"], "website_id": str(uuid4())}}
    assert (await client.post("/v1/reports", json=wish(sections=[foreign]))).status_code == 404
    blind = home.open(await home.make_key(["reports:full"]))
    refused = await blind.post("/v1/reports", json=wish())
    assert refused.json()["details"] == {"missing_scopes": ["metrics:read"]}


async def test_a_report_shows_what_a_dashboard_asks_when_it_runs(client, context, home):
    website = await seed(client)
    dashboard = (await client.post("/v1/dashboards", json={"name": "Board", "website_id": website})).json()
    dashboard_id = dashboard["data"]["id"]
    report = await make_report(client, sections=None, dashboard_id=dashboard_id)
    for widget in (
        {"kind": "NUMBER", "title": "People", "query": {"metrics": ["visitors"], "range": "TODAY"}},
        {"kind": "TEXT", "title": "Words", "text": "Nothing to ask"},
    ):
        made = await client.post(f"/v1/dashboards/{dashboard_id}/widgets", json=widget)
        assert made.status_code == 201, made.text
    run = await run_now(client, report)
    await work(context, home.workspace.id)
    data = (await download(client, report, run, format="JSON")).json()["data"]
    (section,) = data["sections"]
    assert (section["title"], section["question"]["website_id"]) == ("People", website)
    assert section["rows"][0]["metrics"]["visitors"] == 3

    await client.delete(f"/v1/dashboards/{dashboard_id}")
    await run_now(client, report)
    with pytest.raises(GiveUp):
        await work(context, home.workspace.id)
    assert (await runs_of(client, report))[0]["error"] == "The workspace has no such dashboard."


@pytest.mark.parametrize("more", [{"dashboard_id": str(uuid4())}, {"sections": None}])
async def test_a_report_has_either_sections_or_a_dashboard(client, more):
    body = {name: value for name, value in wish(**more).items() if value is not None}
    response = await client.post("/v1/reports", json=body)
    assert [error["code"] for error in response.json()["errors"]] == ["SECTIONS_UNCLEAR"]
