"""`make import-log`: the real log's numbers come out again, and what stands in the way is one clear line."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .running import PROJECT, Running, environment, running

pytestmark = pytest.mark.slow

SAMPLE = PROJECT.parent / "shared" / "data" / "apache_access.log.gz"
LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /{} HTTP/1.1" 200 512 "-" "Browser"\n'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("import") / "data") as service:
        yield service


@pytest.fixture
def website(service: Running, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A website of the test's own in the workspace `other`."""
    name = request.node.name.replace("_", "-")[:60].strip("-")
    response = httpx.post(
        f"{service.url}/v1/websites",
        json={"name": name, "domain": f"{name}.example"},
        headers={"API-Key": keys(service)["full"]},
        trust_env=False,
    )
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()["data"]
    return created


def keys(service: Running, workspace: int = 1) -> dict[str, str]:
    demo = json.loads((service.data_dir / "demo.json").read_text())
    found: dict[str, str] = demo["workspaces"][workspace]["keys"]
    return found


def import_log(
    service: Running, file: Path | str, website: str, key: str = "", kind: str = "log", **settings: object
) -> subprocess.CompletedProcess[str]:
    port = service.url.rpartition(":")[2]
    return subprocess.run(
        [
            *(sys.executable, "-m", "cloudmetrics.importing", kind),
            *("--file", str(file), "--website", website, "--key", key),
        ],
        cwd=PROJECT,
        env=environment(**({"DATA_DIR": service.data_dir, "PORT": port} | settings)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def metrics(service: Running, website: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    query = f"/v1/metrics?website_id={website['id']}&start_date={start}&end_date={end}"
    data: dict[str, Any] = service.get(query, keys(service)["read"]).json()["data"]
    return data


def counts(text: str) -> list[int]:
    """The numbers of the summary: read, accepted, duplicates, rejected, broken."""
    rows = [line.strip("│ ").split("│") for line in text.splitlines() if line.startswith("│")]
    return [int(number.replace(",", "")) for _, number in rows]


def test_the_numbers_of_a_real_log_are_those_that_a_few_lines_count(
    service: Running, website: dict[str, Any]
) -> None:
    if not SAMPLE.exists():
        pytest.skip("the sample log is not beside this checkout")
    pageviews: Counter[str] = Counter()
    visitors: dict[str, set[tuple[str, str]]] = {}
    with gzip.open(SAMPLE, "rt") as log:
        for line in log:
            day = f"2015-05-{line.split('[')[1][:2]}"
            pageviews[day] += 1
            visitors.setdefault(day, set()).add((line.split()[0], line.rstrip("\n").split('"')[5]))

    first = import_log(service, SAMPLE, website["id"])
    second = import_log(service, SAMPLE, website["name"])

    assert (first.returncode, counts(first.stdout)) == (0, [10_000, 10_000, 0, 0, 0]), first.stderr
    assert (second.returncode, counts(second.stdout)) == (0, [10_000, 0, 10_000, 0, 0]), second.stderr
    assert max(map(len, first.stdout.splitlines())) <= 80
    data = metrics(service, website, "2015-05-16", "2015-05-21")
    assert data["pageviews"] == data["events"] == 10_000
    assert data["visitors"] == len(set.union(*visitors.values()))
    assert {row["date"]: row["pageviews"] for row in data["breakdown"] if row["pageviews"]} == pageviews
    assert {row["date"]: row["visitors"] for row in data["breakdown"] if row["visitors"]} == {
        day: len(seen) for day, seen in visitors.items()
    }


def test_an_interrupted_import_is_finished_by_the_next_one(
    service: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(LINE.format(number % 4_000) for number in range(6_500)))
    whole = log.read_text()
    log.write_text(whole[: len(whole) // 2])
    import_log(service, log, website["id"])
    log.write_text(whole)

    finished = import_log(service, log, website["domain"])

    assert finished.returncode == 0, finished.stderr
    assert metrics(service, website, "2015-05-17", "2015-05-17")["events"] == 6_500


def test_a_key_of_ones_own_and_the_name_of_a_demo_workspace_work(
    service: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text(LINE.format("own") + "not a line\n")

    by_ingest_key = import_log(service, log, website["id"], keys(service)["ingest"])
    elsewhere = import_log(service, log, website["id"], keys(service)["full"], DATA_DIR=tmp_path)
    by_workspace = import_log(service, log, "other")

    assert counts(by_ingest_key.stdout) == [2, 1, 0, 0, 1]
    assert counts(elsewhere.stdout) == [2, 0, 1, 0, 1]
    assert counts(by_workspace.stdout) == [2, 1, 0, 0, 1]
    assert "line 2 is broken: not in the common or combined format" in by_ingest_key.stdout


def test_whatever_stands_in_the_way_is_one_clear_line(
    service: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log, no_log = tmp_path / "access.log", tmp_path / "picture.jpg"
    log.write_text(LINE.format("x"))
    no_log.write_bytes(b"\xff\xd8\xff\n" * 3)
    bad_key = "cm_live_" + "a" * 36
    site = website["id"]
    refusals = {
        "cannot be read: No such file": import_log(service, tmp_path / "nothing", site),
        "There is no website": import_log(service, log, "nowhere"),
        "is no access log": import_log(service, no_log, site),
        "does not know this API key": import_log(service, log, site, bad_key),
        "may not read websites": import_log(service, log, site, keys(service)["ingest"], DATA_DIR=tmp_path),
        "No key": import_log(service, log, site, DATA_DIR=tmp_path),
        "is it running?": import_log(service, log, site, PORT=9),
    }

    for message, refusal in refusals.items():
        assert refusal.returncode == 1, (message, refusal.stdout, refusal.stderr)
        (line,) = refusal.stderr.splitlines()
        assert message in line
