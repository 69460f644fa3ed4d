"""`make import-costs` and the demo's bill, against a service as `make run` starts it."""

import subprocess
from decimal import Decimal

import httpx
import pytest

from tests.integration.billing import SAMPLE, charge, decimals, focus, needs_sample, sample_rows
from tests.integration.importing import import_into
from tests.integration.live import Live
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.requirement("B-10", "D6-2")]


def run(live: Live, *options: object, key: str = "") -> subprocess.CompletedProcess[str]:
    return import_into(live, "costs", *options, KEY=key or live.key)


def cost(live: Live, **question: str) -> str:
    response = httpx.get(
        f"{live.url}/v1/costs", params=question, headers={"API-Key": live.key}, trust_env=False
    )
    amount: str = response.json()["data"]["cost"]["amount"]
    return amount


@needs_sample
def test_the_sample_is_in_and_a_second_time_changes_nothing(live):
    expected = decimals(sample_rows(), "BilledCost")
    for _ in range(2):
        ended = run(live, "--file", SAMPLE)
        assert ended.returncode == 0, ended.stderr
        assert "loaded │ 1,000" in " ".join(ended.stdout.split())
        assert "AWS, 1234567890123, 2024-09-01: 942 rows" in ended.stdout
        assert Decimal(cost(live, start_date="2024-09-01", end_date="2024-10-31")) == expected


def test_bad_rows_are_told_and_abort_loads_nothing(live, tmp_path):
    file = tmp_path / "bill.csv"
    file.write_bytes(focus(charge("1.5"), *[charge("much")] * 12))
    ended = run(live, "--file", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "line 3 (BilledCost): 'much' is no number" in ended.stdout
    assert "and 2 more" in ended.stdout
    ended = run(live, "--file", file, "--on-error", "ABORT")
    assert ended.returncode == 1
    assert "Nothing was loaded: 12 rows cannot be loaded" in ended.stderr
    assert cost(live, start_date="2026-11-01", end_date="2026-11-30") == "1.5"


def test_what_cannot_be_sent_is_one_line(live, tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    cases = {
        "lacks BilledCost": ("--file", file),
        "cannot be read": ("--file", tmp_path / "absent.csv"),
    }
    for says, options in cases.items():
        ended = run(live, *options)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert len(ended.stderr.splitlines()) == 1
        assert says in ended.stderr
    ended = run(live, "--file", file, key="cm_live_wrong")
    assert "does not know this API key" in ended.stderr


def test_the_demo_has_costs_a_budget_and_margins(demo):
    """Filled by `make run`, without anybody asking for it."""
    client = httpx.Client(base_url=demo.url, headers={"API-Key": demo.keys()["full"]}, trust_env=False)
    until((demo.data_dir / "demo.loaded").exists, "filled", 240)
    groups = client.get("/v1/costs/breakdown", params={"dimension": "provider"}).json()["data"]
    assert {row["value"] for row in groups["by_currency"][0]["rows"]} == {"AWS", "Cloudflare", "Google Cloud"}
    (budget,) = client.get("/v1/costs/budgets").json()["data"]
    status = client.get(f"/v1/costs/budgets/{budget['id']}/status").json()["data"]
    assert status["forecast"] is not None
    (allocation,) = client.get("/v1/costs/allocations").json()["data"]
    question = {"metrics": ["revenue", "cost", "margin"], "website_id": allocation["website_id"]}
    (row,) = client.post("/v1/metrics/query", json=question).json()["data"]
    assert row["metrics"]["margin"]["currency"] == "USD"
    client.close()
