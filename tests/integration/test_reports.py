"""Reports: defined, run by hand and by their schedules, downloaded, mailed, and never twice or not at all."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from cloudmetrics.accounts.test_clocks.jobs import moved
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Tenant
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable
from cloudmetrics.platform.jobs import GiveUp
from cloudmetrics.platform.jobs.registry import JobContext, Services
from cloudmetrics.reports.paper import drawing
from cloudmetrics.reports.runs import jobs, service, store
from tests.integration.conftest import (
    BASE_URL,
    SECRET,
    client_of,
    make_event,
    make_website,
    send_events,
)

pytestmark = pytest.mark.requirement("CM-7")

PAID = {"revenue": {"amount_minor": 990, "currency": "USD"}}
GLANCE = {"title": "At a glance", "question": {"metrics": ["visitors", "revenue"]}}
SOURCES = {"title": "Where from", "question": {"metrics": ["visitors"], "dimensions": ["source"]}}


def wish(**fields) -> dict:
    return {"name": "Weekly traffic", "period": "LAST_7_DAYS", "sections": [GLANCE, SOURCES]} | fields


async def make_report(client, **fields) -> dict:
    body = {name: value for name, value in wish(**fields).items() if value is not None}
    response = await client.post("/v1/reports", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


@pytest.fixture
def settings(database_url, stores, tmp_path) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=stores.redis_url,
        secret_key=SECRET,
        base_url=BASE_URL,
        data_dir=tmp_path,
    )


@pytest.fixture
def context(database, keyring, settings) -> JobContext:
    return JobContext(Services(database, None, keyring, settings), 1)


@pytest.fixture
async def sandbox(home):
    return home.open(await home.make_key(mode="test"))


async def waiting(database, name: str, workspace_id: UUID) -> list[dict]:
    """The arguments of the jobs of a workspace that wait."""
    rows = await database.read_directory(
        "SELECT args FROM procrastinate_jobs WHERE task_name = %(name)s AND args ->> 'workspace_id' = %(id)s"
        " ORDER BY id",
        {"name": name, "id": str(workspace_id)},
    )
    return [row["args"] for row in rows]


async def work(context, workspace_id: UUID) -> None:
    """Runs all jobs of reports that wait in a workspace, as a worker would."""
    for name, function in (("reports.run", jobs.run), ("reports.send", jobs.send)):
        for arguments in await waiting(context.database, name, workspace_id):
            await function(context, **arguments | {"workspace_id": workspace_id})
        async with context.database.transaction(NOBODY) as transaction:
            await transaction.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = %(name)s"
                " AND args ->> 'workspace_id' = %(id)s",
                {"name": name, "id": str(workspace_id)},
            )


async def run_now(client, report: dict) -> str:
    response = await client.post(f"/v1/reports/{report['id']}/runs")
    assert response.status_code == 201, response.text
    assert response.headers["location"].endswith(f"/runs/{response.json()['data']['id']}")
    return response.json()["data"]["id"]


async def runs_of(client, report: dict) -> list[dict]:
    return (await client.get(f"/v1/reports/{report['id']}/runs")).json()["data"]


async def download(client, report: dict, run: str, **query):
    return await client.get(f"/v1/reports/{report['id']}/runs/{run}/download", params=query)


def letters(settings: Settings) -> list:
    folder: Path = settings.data_dir / "mail"
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]


async def seed(client, days_ago: int = 1) -> str:
    website = await make_website(client)
    moment = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    await send_events(
        client,
        make_event(website, timestamp=moment, source="google") | PAID,
        make_event(website, timestamp=moment, visitor_id="=HYPERLINK", source="=cmd|' /C calc'!A0"),
        make_event(website, timestamp=moment, visitor_id="ben"),
    )  # fmt: skip
    return website


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


async def test_a_run_by_hand_can_be_downloaded_as_pdf_csv_and_json(client, context, home):
    await seed(client)
    report = await make_report(client)
    run = await run_now(client, report)
    assert (await download(client, report, run)).json()["code"] == "REPORT_NOT_DONE"
    twice = await client.post(f"/v1/reports/{report['id']}/runs")
    assert (twice.status_code, twice.json()["code"]) == (409, "REPORT_RUNNING")
    await work(context, home.workspace.id)

    (done,) = await runs_of(client, report)
    assert (done["id"], done["status"], done["cause"], done["error"]) == (run, "SUCCEEDED", "REQUEST", None)
    assert [section["rows"] for section in done["sections"]] == [1, 3]
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert (done["end_date"], done["start_date"]) == (str(yesterday), str(yesterday - timedelta(days=6)))
    assert (await client.get(f"/v1/reports/{report['id']}/runs/{run}")).json()["data"] == done

    pdf = await download(client, report, run)
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert f"weekly-traffic-{yesterday}.pdf" in pdf.headers["content-disposition"]

    first = await download(client, report, run, format="CSV")
    assert list(csv.reader(io.StringIO(first.text))) == [
        ["visitors", "revenue_amount_minor", "revenue_currency", "revenue_by_currency"],
        ["3", "990", "USD", "990 USD"],
    ]
    second = list(
        csv.reader(io.StringIO((await download(client, report, run, format="CSV", section=2)).text))
    )
    assert second[0] == ["source", "visitors"]
    assert sorted(second[1:]) == [["", "1"], ["'=cmd|' /C calc'!A0", "1"], ["google", "1"]]
    third = await download(client, report, run, format="CSV", section=3)
    assert [error["code"] for error in third.json()["errors"]] == ["NO_SUCH_SECTION"]

    whole = await download(client, report, run, format="JSON")
    known = {"If-None-Match": whole.headers["etag"]}
    path = f"/v1/reports/{report['id']}/runs/{run}/download?format=JSON"
    assert (await client.get(path, headers=known)).status_code == 304
    data = whole.json()["data"]
    assert data["run"] == done
    asked = await client.post(
        "/v1/metrics/query",
        json={"metrics": ["visitors"], "dimensions": ["source"], "start_date": done["start_date"],
              "end_date": done["end_date"]},
    )  # fmt: skip
    assert data["sections"][1]["rows"] == asked.json()["data"]


async def test_an_empty_workspace_has_an_empty_report(client, context, home):
    report = await make_report(client)
    run = await run_now(client, report)
    await work(context, home.workspace.id)
    data = (await download(client, report, run, format="JSON")).json()["data"]
    assert data["sections"][0]["rows"][0]["metrics"]["visitors"] == 0
    assert data["sections"][1]["rows"] == []
    assert (await download(client, report, run)).content.startswith(b"%PDF-")


async def test_nothing_of_what_users_write_is_read_as_typst(client, context, home):
    hostile = (
        '#panic("x") #read("/etc/passwd") $ * _ ` @a <l> \\ ]] }} \u202e \u05e9\u05dc\u05d5\u05dd '
        + "w" * 120
    )
    website = await make_website(client, name=hostile[:100])
    moment = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await send_events(client, make_event(website, timestamp=moment, source=hostile[:90]))
    section = SOURCES | {"title": hostile[:200]}
    report = await make_report(client, name=hostile[:100], sections=[section])
    run = await run_now(client, report)
    await work(context, home.workspace.id)
    (done,) = await runs_of(client, report)
    assert done["status"] == "SUCCEEDED", done["error"]
    assert b"root:" not in (await download(client, report, run)).content


async def test_recipients_get_the_pdf_or_a_link_that_opens_without_an_account(
    client, context, home, app, settings
):
    await seed(client)
    attached = await make_report(client, recipients=["ben@example.com", "eva@example.com"])
    linked = await make_report(client, name="By link\u2028", recipients=["zoe@example.com"], delivery="LINK")
    for report in (attached, linked):
        await run_now(client, report)
    await work(context, home.workspace.id)
    by_recipient = {letter["to"]: letter for letter in letters(settings)}
    assert sorted(by_recipient) == ["ben@example.com", "eva@example.com", "zoe@example.com"]
    (pdf,) = by_recipient["ben@example.com"].iter_attachments()
    assert pdf.get_content_type() == "application/pdf"
    assert pdf.get_content().startswith(b"%PDF-")
    (done,) = await runs_of(client, attached)
    assert [sent["status"] for sent in done["deliveries"]] == ["SENT", "SENT"]

    text = by_recipient["zoe@example.com"].get_content()
    (link,) = [line for line in text.splitlines() if line.startswith(BASE_URL)]
    async with client_of(app) as stranger:
        opened = await stranger.get(link)
        assert opened.content.startswith(b"%PDF-")
        assert opened.headers["cache-control"] == "private, no-store"
        token = link.rpartition("/")[2]
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-4], "x", "%00", ""):
            assert (await stranger.get(f"/report-links/{wrong}")).status_code == 404
        assert (await stranger.post(link)).status_code == 405
        await client.delete(f"/v1/reports/{linked['id']}")
        assert (await stranger.get(link)).status_code == 404


async def test_a_link_ends(client, context, home, app, monkeypatch):
    report = await make_report(client, recipients=["zoe@example.com"], delivery="LINK")
    run = await run_now(client, report)
    await work(context, home.workspace.id)
    tenant = Tenant(context.database, home.workspace.id)
    done = await store.get(tenant, UUID(run))
    monkeypatch.setattr(service, "LINK_LIFE", timedelta(seconds=-1))
    link = service.link_to(context.keyring, BASE_URL, tenant, done)
    async with client_of(app) as stranger:
        assert (await stranger.get(link)).status_code == 404


async def test_a_due_report_runs_once_and_is_planned_again(sandbox, context, home):
    report = await make_report(sandbox, schedule={"cron": "0 8 * * *"})
    await asyncio.gather(*(service.start_due(context.database) for _ in range(3)))
    assert await runs_of(sandbox, report) == []

    # Three mornings pass while no worker is there.
    await sandbox.post("/v1/test-clock", json={"advance_seconds": 3 * 86400})
    await asyncio.gather(*(service.start_due(context.database) for _ in range(3)))
    (run,) = await runs_of(sandbox, report)
    assert run["cause"] == "SCHEDULE"
    now = datetime.fromisoformat((await sandbox.get("/v1/test-clock")).json()["data"]["now"])
    due = datetime.fromisoformat(run["scheduled_for"])
    assert due <= now < due + timedelta(days=1)
    assert date.fromisoformat(run["end_date"]) == due.date() - timedelta(days=1)
    planned = (await sandbox.get(f"/v1/reports/{report['id']}")).json()["data"]["next_run_at"]
    assert datetime.fromisoformat(planned) == due + timedelta(days=1)
    await work(context, home.workspace.sandbox_id)
    assert [run["status"] for run in await runs_of(sandbox, report)] == ["SUCCEEDED"]


async def test_a_paused_or_deleted_report_does_not_run(sandbox, context, home):
    paused = await make_report(sandbox, schedule={"cron": "0 8 * * *"}, status="PAUSED")
    deleted = await make_report(sandbox, schedule={"cron": "0 8 * * *"})
    await sandbox.delete(f"/v1/reports/{deleted['id']}")
    await sandbox.post("/v1/test-clock", json={"advance_seconds": 3 * 86400})
    await service.start_due(context.database)
    assert await runs_of(sandbox, paused) == []
    assert await waiting(context.database, "reports.run", home.workspace.sandbox_id) == []


async def test_back_in_real_time_reports_are_planned_anew(sandbox, context, home):
    report = await make_report(sandbox, schedule={"cron": "0 8 * * *"})
    await sandbox.post("/v1/test-clock", json={"advance_seconds": 365 * 86400})
    await moved(context, workspace_id=home.workspace.sandbox_id)
    far = (await sandbox.get(f"/v1/reports/{report['id']}")).json()["data"]["next_run_at"]
    assert datetime.fromisoformat(far) > datetime.now(UTC) + timedelta(days=364)
    await sandbox.delete("/v1/test-clock")
    await moved(context, workspace_id=home.workspace.sandbox_id)
    near = (await sandbox.get(f"/v1/reports/{report['id']}")).json()["data"]["next_run_at"]
    assert datetime.fromisoformat(near) < datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert len(await runs_of(sandbox, report)) == 1


async def test_a_failure_that_lasts_is_shown_on_the_run(client, context, home):
    website = await seed(client)
    section = {"title": "x", "question": {"metrics": ["visitors"], "website_id": website}}
    report = await make_report(client, sections=[section], recipients=["ben@example.com"])
    await client.delete(f"/v1/websites/{website}")
    await run_now(client, report)
    with pytest.raises(GiveUp):
        await work(context, home.workspace.id)
    (run,) = await runs_of(client, report)
    assert (run["status"], run["error"]) == ("FAILED", "The workspace has no such website.")
    assert run["deliveries"] == []
    assert (await download(client, report, run["id"])).status_code == 409


@pytest.mark.parametrize("error", [QueryTooSlow(15), drawing.DrawingFailed("The report could not be drawn.")])
async def test_what_would_fail_again_is_not_tried_again(client, context, home, monkeypatch, error):
    report = await make_report(client)
    await run_now(client, report)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(questions if isinstance(error, QueryTooSlow) else drawing,
                        "rows" if isinstance(error, QueryTooSlow) else "draw", fail)  # fmt: skip
    with pytest.raises(GiveUp):
        await work(context, home.workspace.id)
    (run,) = await runs_of(client, report)
    assert (run["status"], run["error"]) == ("FAILED", str(error))


async def test_a_passing_failure_is_tried_again_and_the_last_one_is_shown(client, context, home, monkeypatch):
    report = await make_report(client)
    run_id = await run_now(client, report)
    draw = drawing.draw

    def away(*_, **__):
        raise Unavailable("away")

    monkeypatch.setattr(drawing, "draw", away)
    for attempt in range(1, jobs.TRIES.attempts + 1):
        (run,) = await runs_of(client, report)
        assert run["status"] == ("QUEUED" if attempt == 1 else "RUNNING")
        with pytest.raises(Unavailable):
            await jobs.run(context, workspace_id=home.workspace.id, run_id=run_id)
    (run,) = await runs_of(client, report)
    assert run["status"] == "FAILED"
    monkeypatch.setattr(drawing, "draw", draw)
    await jobs.run(context, workspace_id=home.workspace.id, run_id=run_id)
    assert (await runs_of(client, report))[0]["status"] == "FAILED"


STEPS = {
    "before anything": (store, "begin"),
    "between two parts": (store, "add_rows"),
    "while drawing": (drawing, "draw"),
    "while storing the results": (store, "succeed"),
    "while deferring the mails": (store, "add_delivery"),
    "before a mail": (jobs, "deliver"),
    "after a mail": (store, "end_delivery"),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_dies_at_any_step_leaves_nothing_undone_or_done_twice(
    client, context, home, settings, monkeypatch, step
):
    """What the next worker finds is what was committed: the dying one handles nothing any more."""
    await seed(client)
    report = await make_report(client, recipients=["ben@example.com", "eva@example.com"])
    run_id = await run_now(client, report)

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    where, name = STEPS[step]
    with monkeypatch.context() as patched:
        patched.setattr(where, name, die)
        with pytest.raises(Killed):
            await work(context, home.workspace.id)
    await jobs.run(context, workspace_id=home.workspace.id, run_id=run_id)
    await jobs.run(context, workspace_id=home.workspace.id, run_id=run_id)
    sends = await waiting(context.database, "reports.send", home.workspace.id)
    assert sorted(each["recipient"] for each in sends) == ["ben@example.com", "eva@example.com"]
    for each in [*sends, *sends]:
        await jobs.send(context, **each | {"workspace_id": home.workspace.id})
    (run,) = await runs_of(client, report)
    assert (run["status"], [sent["status"] for sent in run["deliveries"]]) == ("SUCCEEDED", ["SENT", "SENT"])
    assert [section["rows"] for section in run["sections"]] == [1, 3]
    # A mail that was handed over twice has one id, and so is one file here.
    assert sorted(letter["to"] for letter in letters(settings)) == ["ben@example.com", "eva@example.com"]


async def test_a_mail_that_is_refused_for_good_is_shown_as_failed(client, context, home, monkeypatch):
    report = await make_report(client, recipients=["ben@example.com"])
    run_id = await run_now(client, report)

    async def refuse(*_, **__):
        raise GiveUp("The mail server knows no such recipient.")

    monkeypatch.setattr(jobs, "deliver", refuse)
    with pytest.raises(GiveUp):
        await work(context, home.workspace.id)
    run = (await client.get(f"/v1/reports/{report['id']}/runs/{run_id}")).json()["data"]
    assert run["deliveries"] == [{"recipient": "ben@example.com", "status": "FAILED", "sent_at": None}]


async def test_only_the_newest_runs_are_kept(client, context, home, monkeypatch):
    monkeypatch.setattr(store, "RUNS_KEPT", 2)
    report = await make_report(client)
    made = []
    for _ in range(4):
        made.append(await run_now(client, report))
        await work(context, home.workspace.id)
    assert [run["id"] for run in await runs_of(client, report)] == [made[3], made[2]]


async def test_a_run_of_another_report_is_not_found(client, context, home):
    one, other = await make_report(client), await make_report(client)
    run = await run_now(client, one)
    await work(context, home.workspace.id)
    assert (await client.get(f"/v1/reports/{other['id']}/runs/{run}")).status_code == 404
    assert (await download(client, other, run)).status_code == 404


async def test_a_large_section_is_whole_in_csv_and_json_and_short_on_paper(client, context, home):
    website = await make_website(client)
    moment = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for start in range(0, 2500, 500):
        await send_events(
            client,
            *(make_event(website, timestamp=moment, visitor_id=f"v{n}", url=f"https://x.example/{n}")
              for n in range(start, start + 500)),
        )  # fmt: skip
    section = {
        "title": "Pages",
        "question": {"metrics": ["pageviews"], "dimensions": ["page"], "limit": 100000},
    }
    report = await make_report(client, sections=[section])
    run = await run_now(client, report)
    await work(context, home.workspace.id)
    rows = list(csv.reader(io.StringIO((await download(client, report, run, format="CSV")).text)))[1:]
    assert len(rows) == 2500
    assert {row[0] for row in rows} == {f"/{n}" for n in range(2500)}
    data = orjson.loads((await download(client, report, run, format="JSON")).content)["data"]
    assert len(data["sections"][0]["rows"]) == 2500
    assert len((await download(client, report, run)).content) < 200_000


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


async def test_a_run_that_was_given_up_does_not_stand_in_the_way_for_ever(sandbox):
    report = await make_report(sandbox)
    await run_now(sandbox, report)
    assert (await sandbox.post(f"/v1/reports/{report['id']}/runs")).status_code == 409
    await sandbox.post("/v1/test-clock", json={"advance_seconds": 3601})
    await run_now(sandbox, report)
