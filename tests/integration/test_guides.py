"""What the documentation tells to type, typed: against a service as `make run` starts it."""

import gzip
import html
import json
import re
import shutil
import sys
from calendar import monthrange
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from .guides import snippets, type_in
from .running import OTHER, PROJECT

pytestmark = pytest.mark.slow

PAGE = "http://127.0.0.1:8080"
GUIDE_IN_OUT = "docs/guides/data-in-and-out.md"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


@needs_curl
@pytest.mark.requirement("CM-14", "DF-11")
def test_the_first_steps_lead_where_the_guide_says(demo):
    key, whose, website, events, numbers, google, wrong, tidy = snippets("docs/guides/first-steps.md")
    here = key.replace(PAGE, demo.url).replace(".venv/bin/python", sys.executable)
    here = here.replace(".data/demo.json", f"{demo.data_dir}/demo.json")

    printed = type_in([here, whose, website, events, events, numbers, google, wrong, tidy, events])

    assert json.loads(printed[1])["data"]["name"] == "demo"
    assert UUID(printed[2].strip())
    statuses = [
        [receipt["status"] for receipt in json.loads(each)["data"]["receipts"]] for each in printed[3:5]
    ]
    assert statuses == [["ACCEPTED"] * 3, ["DUPLICATE"] * 3]
    all_visitors = json.loads(printed[5])["data"]
    assert (all_visitors["visitors"], all_visitors["pageviews"], all_visitors["conversion_rate"]) == (
        2,
        2,
        0.5,
    )
    assert all_visitors["revenue"] == {"amount_minor": 4990, "currency": "EUR"}
    assert len(all_visitors["breakdown"]) == 30
    assert json.loads(printed[6])["data"]["visitors"] == 1
    problem = json.loads(printed[7])
    assert problem["code"] == "INVALID_REQUEST"
    assert len(problem["errors"]) > 3
    assert printed[8] == ""


@needs_curl
@pytest.mark.requirement("CM-7")
def test_lists_answer_what_the_guide_says(demo):
    website = snippets("docs/guides/first-steps.md")[2].replace("shop.example.com", "lists.example.com")
    guide = snippets("docs/guides/lists.md")

    printed = type_in([website, *guide], CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    answers = [json.loads(each) for each in printed[2:]]
    filtered, quoted, wrong, in_order, last, sparse, related, deleted, restored = answers
    assert names(filtered) == ["Order", "Large order", "Order, express"]
    assert names(quoted) == ["Newsletter", "Order, express"]
    assert [error["parameter"] for error in wrong["errors"]] == ["sort", "sort"]
    assert names(in_order) == ["Large order", "Newsletter", "Order", "Order, express"]
    assert (names(last), last["pagination"]["next_cursor"]) == (["Order, express"], None)
    assert sparse["data"][0] == {"name": "Large order", "condition": {"kind": "EVENT"}}
    assert related["data"] == [{"name": "Newsletter", "website": {"domain": "lists.example.com"}}]
    assert [sorted(each) for each in deleted["data"]] == [["name", "removed_after"]]
    assert restored["data"]["deleted_at"] is None


def names(answer: dict) -> list[str]:
    return [each["name"] for each in answer["data"]]


def lines(printed: str) -> list[str]:
    """Answers that were printed one after the other, as curl does it."""
    return printed.replace("}{", "}\n{").splitlines()


@needs_curl
@pytest.mark.requirement("CM-14", "DF-2")
def test_goals_funnels_and_visitors_answer_what_the_guide_says(demo):
    steps = snippets("docs/guides/first-steps.md")
    website = steps[2].replace("shop.example.com", "guide.example.com")
    guide = snippets("docs/guides/goals-funnels-visitors.md")

    printed = type_in([website, *guide], CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    receipts, listed, event, goal, completions, by_source, revenue, funnel, filtered, *people = printed[1:]
    assert json.loads(receipts)["data"]["accepted"] == 3
    assert [each["id"] for each in json.loads(listed)["data"]] == ["guide/3", "guide/1"]
    assert json.loads(event)["data"]["received_at"]
    assert UUID(goal.strip())
    assert json.loads(completions)["data"]["converted_visitors"] == 2
    assert [step["visitors"] for step in json.loads(funnel)["data"]["steps"]] == [2, 1]
    assert [row["value"] for row in json.loads(by_source)["data"]["by_dimension"]] == [None]
    sources, goals = (json.loads(each)["data"] for each in lines(revenue))
    assert [(row["sales"], row["visitors"]) for row in sources] == [(1, 2)]
    assert [(row["value"], row["sales"]) for row in goals] == [("Reads the manual", 0)]
    assert [step["visitors"] for step in json.loads(filtered)["data"]["steps"]] == [0, 0]
    buyers, one, export, erasure = people
    assert [visitor["id"] for visitor in json.loads(buyers)["data"]] == ["clara"]
    clara, visits, did = (json.loads(each)["data"] for each in lines(one))
    assert (clara["events"], [visit["events"] for visit in visits], len(did)) == (2, [2], 2)
    assert json.loads(lines(export)[-1]) == {"kind": "END", "days": 1, "visits": 1, "events": 2}
    proof = json.loads(erasure)["data"]
    assert proof["removed"] == {"events": 2, "visits": 1, "days": 1}
    assert set(proof["remaining"].values()) == {0}


@needs_curl
@pytest.mark.requirement("CM-14")
def test_data_comes_in_and_goes_out_as_the_guide_says(demo, tmp_path):
    website = snippets("docs/guides/first-steps.md")[2].replace("shop.example.com", "inout.example.com")
    guide = [each.replace("shop.example.com", "inout.example.com") for each in snippets(GUIDE_IN_OUT)]
    commands = [re.sub(r"make (im|ex)port-events (.*)", as_installed, each) for each in guide]

    _, imported, exported, curled, retained = type_in(
        [website, *commands],
        tmp_path,
        CLOUDMETRICS_URL=demo.url,
        CLOUDMETRICS_KEY=demo.keys()["full"],
        CLOUDMETRICS_BASE_URL=demo.url,
        DATA_DIR=str(demo.data_dir),
        PYTHONPATH=str(PROJECT),
    )

    assert re.search(r"accepted +│ +2 │", imported)
    assert "line 4 is broken: timestamp" in imported
    assert "events.ndjson.gz has the events of Shop" in exported
    assert curled == ""
    packed, plain = tmp_path / "events.ndjson.gz", tmp_path / "events.ndjson"
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert [json.loads(line)["name"] for line in plain.read_text().splitlines()] == ["pageview", "purchase"]
    assert json.loads(retained)["data"]["retention_days"] == 730


def as_installed(target: re.Match[str]) -> str:
    """What a make target runs once it has seen to the packages."""
    module = "importing events" if target[1] == "im" else "exporting"
    options = re.sub(r"([A-Z]+)=", lambda name: f"--{name[1].lower()} ", target[2])
    return f"{sys.executable} -m cloudmetrics.{module} {options}"


def of_this_month(commands: str) -> str:
    """A bill of November 2026 as one of the present month, for which its budget and its forecast are."""
    today = datetime.now(UTC).date()
    last = monthrange(today.year, today.month)[1]
    return commands.replace("2026-11-30", f"{today:%Y-%m}-{last}").replace("2026-11", f"{today:%Y-%m}")


@needs_curl
@pytest.mark.requirement("CM-14", "B-10")
def test_costs_come_in_and_out_as_the_guide_says(demo, tmp_path):
    website = snippets("docs/guides/first-steps.md")[2].replace("shop.example.com", "costs.example.com")
    command = f"{sys.executable} -m cloudmetrics.importing costs --file bill.csv --key"
    guide = [
        of_this_month(each.replace("make import-costs FILE=bill.csv KEY=", f"{command} "))
        for each in snippets("docs/guides/costs.md")
    ]

    printed = type_in(
        [website, *guide],
        tmp_path,
        CLOUDMETRICS_URL=demo.url,
        CLOUDMETRICS_KEY=demo.keys(OTHER)["full"],
        CLOUDMETRICS_BASE_URL=demo.url,
        DATA_DIR=str(demo.data_dir),
        PYTHONPATH=str(PROJECT),
    )

    _, imported, again, costs, breakdowns, margins, budget = printed
    assert re.search(r"loaded +│ +3 │", imported)
    assert "line 5 (BilledCost): 'much' is no number" in imported
    assert json.loads(again)["data"]["status"] == "PENDING"
    whole = {"amount": "16.5000008", "amount_minor": 1650, "currency": "USD"}
    assert json.loads(costs)["data"]["cost"] == whole
    by_service, by_tag = (json.loads(each)["data"]["by_currency"][0] for each in lines(breakdowns))
    assert [row["value"] for row in by_service["rows"]] == ["Amazon EC2", "Amazon S3"]
    assert by_service["rest"]["cost"]["amount"] == "0.0000008"
    assert [row["value"] for row in by_tag["rows"]] == ["shop", None]
    metrics = json.loads(lines(margins)[1])["data"][0]["metrics"]
    assert (metrics["cost"]["amount"], metrics["margin"]["amount"]) == ("12.5", "-12.5")
    status, forecast = (json.loads(each)["data"] for each in lines(budget))
    assert (status["state"], status["spent"]["amount"]) == ("WITHIN", "12.5")
    assert forecast["by_currency"][0]["spent"]["amount"] == "16.5000008"


@needs_curl
@pytest.mark.requirement("CM-14", "CM-12")
def test_keys_people_and_settings_do_what_the_guide_says(demo):
    guide = snippets("docs/guides/accounts-and-keys.md")

    printed = type_in(guide, CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    made, listed, rotated, revoked, invited, changed, log = printed
    assert made.strip() == "200"
    assert "Nightly export" in [key["name"] for key in json.loads(listed)["data"]]
    assert json.loads(rotated)["data"]["secret"].startswith("cm_live_")
    assert revoked.strip() == "401"
    invitation, team = (json.loads(each) for each in invited.replace("}{", "}\n{").splitlines())
    assert invitation["data"]["status"] == "PENDING"
    assert team["pagination"]["has_more"] is False
    assert json.loads(changed)["data"]["cors_origins"] == ["https://app.example.com"]
    assert json.loads(log)["data"][0]["action"] == "API_KEY_REVOKED"


@needs_curl
@pytest.mark.requirement("CM-14", "B-9")
def test_alerts_do_what_the_guide_says(demo):
    website = snippets("docs/guides/first-steps.md")[2].replace("shop.example.com", "alerts.example.com")
    guide = snippets("docs/guides/alerts.md")

    printed = type_in([website, *guide], CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    receipts, preview, channel, alert, state, became, muted = printed[1:]
    assert json.loads(receipts)["data"]["accepted"] == 3
    (incident,) = json.loads(preview)["data"]["incidents"]
    assert (incident["value"], incident["resolved_at"] is not None) == (3, True)
    assert UUID(channel.strip())
    assert UUID(alert.strip())
    assert json.loads(state)["data"]["status"] in ("OK", "FIRING")
    assert [set(json.loads(each)) for each in lines(became)] == [{"data", "pagination"}] * 2
    assert json.loads(muted)["data"]["muted_until"]


@needs_curl
@pytest.mark.requirement("CM-14", "B-9", "DF-13")
def test_metrics_answer_what_the_guide_says(demo):
    website = snippets("docs/guides/first-steps.md")[2].replace("shop.example.com", "metrics.example.com")
    guide = snippets("docs/guides/metrics.md")

    printed = type_in([website, *guide], CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    receipts, weeks, google, sources, pages, dry_run, now = (json.loads(each) for each in printed[1:])
    assert receipts["data"]["accepted"] == 4
    data = weeks["data"]
    assert (data["visitors"], data["visits"], data["bounce_rate"], data["conversion_rate"]) == (
        2,
        2,
        0.5,
        0.5,
    )
    assert data["comparison"]["visitors"] == 0
    assert (google["data"]["visitors"], google["data"]["revenue"]["amount_minor"]) == (1, 7900)
    (row,) = sources["data"]
    assert (row["dimensions"], row["metrics"]["conversion_rate"]) == ({"source": "google"}, 1)
    assert [each["dimensions"]["page"] for each in pages["data"]] == ["/shoes", "/cart"]
    assert [each["metrics"]["visitors"] for each in pages["data"]] == [2, 1]
    assert dry_run["meta"]["plan"]["parts"][0]["source"] == "events"
    assert now["data"]["visitors"] == 2


@needs_curl
@pytest.mark.requirement("CM-14", "DF-9")
def test_the_calls_on_the_front_page_work_as_they_stand_there(demo):
    page = demo.get("/docs").text
    blocks = [
        html.unescape(each) for each in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    ]
    calls = [re.sub(r"^export .*\n", "", block) for block in blocks if "curl" in block]

    website_id = demo.demo_file()["workspaces"][0]["website_id"]

    websites, event, metrics = type_in(calls, CLOUDMETRICS_KEY=demo.keys()["full"], WEBSITE=website_id)

    assert website_id in [each["id"] for each in json.loads(websites)["data"]]
    assert json.loads(event)["data"]["receipts"][0]["status"] == "ACCEPTED"
    assert json.loads(metrics)["data"]["visitors"] > 0


@needs_curl
def test_the_line_in_the_readme_works_and_answers_in_the_shape_that_is_shown(demo):
    (line,) = [each for each in snippets("README.md") if each.startswith("curl")]
    (shown,) = re.findall(
        r"^```json\n(.*?)^```$", Path(PROJECT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )

    (printed,) = type_in([line.replace(PAGE, demo.url)], CLOUDMETRICS_KEY=demo.keys()["read"])

    answered, promised = json.loads(printed), json.loads(shown)
    for part in ("data", "meta"):
        assert answered[part].keys() == promised[part].keys()
    assert answered["data"]["breakdown"][0].keys() == promised["data"]["breakdown"][0].keys()


@pytest.mark.requirement("CM-3", "D6-4")
@pytest.mark.parametrize("path", ["/docs", "/docs/reference", "/api/docs", "/openapi.json", "/openapi.yaml"])
def test_the_portal_is_served_beside_the_api(demo, path):
    response = demo.get(path)

    assert response.status_code == 200
    assert len(response.headers.get_list("date")) == 1
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-request-id"]


@pytest.mark.requirement("DF-7")
@pytest.mark.parametrize(
    ("path", "key"),
    [("/v1/nothing", ""), ("/v1/workspace", ""), ("/v1/websites?limit=0", "read"), ("/v1/metrics", "ingest")],
)
def test_the_type_of_a_problem_is_a_page_that_exists(demo, path, key):
    problem = demo.get(path, demo.keys()[key] if key else "").json()

    page = demo.get(problem["type"].removeprefix(demo.url))

    assert page.status_code == 200
    assert problem["code"] in page.text


@needs_curl
@pytest.mark.requirement("CM-9", "CM-14")
def test_dashboards_show_what_the_guide_says(demo):
    steps = snippets("docs/guides/first-steps.md")
    website = steps[2].replace("shop.example.com", "boards.example.com")
    guide = snippets("docs/guides/dashboards.md")

    printed = type_in([website, *guide], CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"])

    board, data, today, refused, added, shared, imported, restored = printed[1:]
    assert UUID(board.strip())
    shown = json.loads(data)["data"]["widgets"]
    assert len(shown) == 12
    assert {widget["answer"]["kind"] for widget in shown} == {"ROWS"}
    assert json.loads(today)["data"] == {"name": "My shop"}
    pointers = [error["pointer"] for error in json.loads(refused)["errors"]]
    assert pointers == ["/query/metrics/1", "/query/dimensions/0"]
    assert json.loads(added)["data"]["layout"]["width"] == 6
    assert len(json.loads(shared)["data"]["widgets"]) == 13
    assert json.loads(imported)["data"]["name"] == "My second shop"
    assert json.loads(restored)["data"]["id"] == board.strip()


@needs_curl
@pytest.mark.requirement("DF-9")
def test_an_answer_tells_how_you_stand_as_the_guide_says(demo):
    (printed, used) = type_in(
        snippets("docs/guides/limits.md"),
        CLOUDMETRICS_URL=demo.url,
        CLOUDMETRICS_KEY=demo.keys()["full"],
    )
    names = [line.partition(":")[0].lower() for line in printed.splitlines()]
    told = re.findall(r"^([a-z-]+): ", (PROJECT / "docs/guides/limits.md").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(told)
    assert json.loads(used)["data"]["storage"]["websites"] > 0


@needs_curl
@pytest.mark.requirement("CM-7", "CM-14")
def test_time_goes_forward_as_the_guide_says(demo):
    guide = snippets("docs/guides/test-clock.md")
    _, moved, metrics, stopped = type_in(
        guide, CLOUDMETRICS_URL=demo.url, CLOUDMETRICS_KEY=demo.keys()["full"]
    )
    clock = json.loads(moved)["data"]
    assert clock["ahead_seconds"] == 2592000
    assert json.loads(metrics)["meta"]["end_date"] == clock["now"][:10]
    assert stopped == ""


@needs_curl
@pytest.mark.requirement("PL-9", "DF-10", "DF-13", "CM-14")
def test_writing_is_as_safe_as_the_guide_says(demo, tmp_path):
    _, twice, edited, status, batch = type_in(
        snippets("docs/guides/writing-safely.md"),
        tmp_path,
        CLOUDMETRICS_URL=demo.url,
        CLOUDMETRICS_KEY=demo.keys()["full"],
    )
    first, second = twice.splitlines()
    assert first == second
    assert json.loads(first)["data"]["name"] == "Orders"
    anna, ben = map(json.loads, edited.splitlines())
    assert (anna["data"]["name"], ben["code"]) == ("Orders of Anna", "PRECONDITION_FAILED")
    assert status == "304\n"
    answers = json.loads(batch)["data"]["answers"]
    assert [each["status"] for each in answers] == [200, 200, 204]
    assert answers[1]["body"]["data"]["name"] == "Paid orders"


@needs_curl
@pytest.mark.requirement("CM-7", "CM-14")
def test_a_report_is_made_run_and_downloaded_as_the_guide_says(demo, tmp_path):
    report, ran, results = type_in(
        snippets("docs/guides/reports.md"),
        tmp_path,
        CLOUDMETRICS_URL=demo.url,
        CLOUDMETRICS_KEY=demo.keys()["full"],
    )
    assert UUID(report.strip())
    assert ran == ""
    assert (tmp_path / "weekly.pdf").read_bytes().startswith(b"%PDF-")
    head = re.findall(r"^```text\n(.*?)\n", (PROJECT / "docs/guides/reports.md").read_text(), re.MULTILINE)
    assert results.splitlines()[0] == head[0]
