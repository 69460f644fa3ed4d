"""What a run of a report gives: PDF, CSV and JSON."""

import csv
import io
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.integration.conftest import (
    make_event,
    make_website,
    send_events,
)
from tests.integration.reports.conftest import SOURCES, download, make_report, run_now, runs_of, seed, work

pytestmark = pytest.mark.requirement("CM-7")


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
