"""Reports, run by hand and by their schedules, mailed, and never twice or not at all."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest

from cloudmetrics.accounts.test_clocks.jobs import moved
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable
from cloudmetrics.platform.jobs import GiveUp
from cloudmetrics.reports.paper import drawing
from cloudmetrics.reports.runs import jobs, service, store
from tests.integration.conftest import (
    BASE_URL,
    client_of,
)
from tests.integration.reports.conftest import (
    download,
    make_report,
    run_now,
    runs_of,
    seed,
    waiting,
    work,
)

pytestmark = pytest.mark.requirement("CM-7")
STEPS = {
    "before anything": (store, "begin"),
    "between two parts": (store, "add_rows"),
    "while drawing": (drawing, "draw"),
    "while storing the results": (store, "succeed"),
    "while deferring the mails": (store, "add_delivery"),
    "before a mail": (jobs, "deliver"),
    "after a mail": (store, "end_delivery"),
}


def letters(settings: Settings) -> list:
    folder: Path = settings.data_dir / "mail"
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]


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


async def test_a_run_that_was_given_up_does_not_stand_in_the_way_for_ever(sandbox):
    report = await make_report(sandbox)
    await run_now(sandbox, report)
    assert (await sandbox.post(f"/v1/reports/{report['id']}/runs")).status_code == 409
    await sandbox.post("/v1/test-clock", json={"advance_seconds": 3601})
    await run_now(sandbox, report)
