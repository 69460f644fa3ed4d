"""`make import-log`: the real log's numbers come out again, and what stands in the way is one clear line."""

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .importing import counts, import_log, metrics
from .running import OTHER, PROJECT, Running

pytestmark = pytest.mark.slow

SAMPLE = PROJECT.parent / "shared" / "data" / "apache_access.log.gz"
LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /{} HTTP/1.1" 200 512 "-" "Browser"\n'


@pytest.fixture
def website(demo: Running) -> dict[str, Any]:
    """A website of the test's own in the workspace `other`."""
    return demo.make_website()


def test_the_numbers_of_a_real_log_are_those_that_a_few_lines_count(
    demo: Running, website: dict[str, Any]
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

    first = import_log(demo, SAMPLE, website["id"])
    second = import_log(demo, SAMPLE, website["name"])

    assert (first.returncode, counts(first.stdout)) == (0, [10_000, 10_000, 0, 0, 0]), first.stderr
    assert (second.returncode, counts(second.stdout)) == (0, [10_000, 0, 10_000, 0, 0]), second.stderr
    assert max(map(len, first.stdout.splitlines())) <= 80
    data = metrics(demo, website, "2015-05-16", "2015-05-21")
    assert data["pageviews"] == data["events"] == 10_000
    assert data["visitors"] == len(set.union(*visitors.values()))
    assert {row["date"]: row["pageviews"] for row in data["breakdown"] if row["pageviews"]} == pageviews
    assert {row["date"]: row["visitors"] for row in data["breakdown"] if row["visitors"]} == {
        day: len(seen) for day, seen in visitors.items()
    }


def test_an_interrupted_import_is_finished_by_the_next_one(
    demo: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(LINE.format(number % 4_000) for number in range(6_500)))
    whole = log.read_text()
    log.write_text(whole[: len(whole) // 2])
    import_log(demo, log, website["id"])
    log.write_text(whole)

    finished = import_log(demo, log, website["domain"])

    assert finished.returncode == 0, finished.stderr
    assert metrics(demo, website, "2015-05-17", "2015-05-17")["events"] == 6_500


def test_a_key_of_ones_own_and_the_name_of_a_demo_workspace_work(
    demo: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text(LINE.format("own") + "not a line\n")

    by_ingest_key = import_log(demo, log, website["id"], demo.keys(OTHER)["ingest"])
    elsewhere = import_log(demo, log, website["id"], demo.keys(OTHER)["full"], DATA_DIR=tmp_path)
    by_workspace = import_log(demo, log, "other")

    assert counts(by_ingest_key.stdout) == [2, 1, 0, 0, 1]
    assert counts(elsewhere.stdout) == [2, 0, 1, 0, 1]
    assert counts(by_workspace.stdout) == [2, 1, 0, 0, 1]
    assert "line 2 is broken: not in the common or combined format" in by_ingest_key.stdout


def test_whatever_stands_in_the_way_is_one_clear_line(
    demo: Running, website: dict[str, Any], tmp_path: Path
) -> None:
    log, no_log = tmp_path / "access.log", tmp_path / "picture.jpg"
    log.write_text(LINE.format("x"))
    no_log.write_bytes(b"\xff\xd8\xff\n" * 3)
    bad_key = "cm_live_" + "a" * 36
    site = website["id"]
    refusals = {
        "cannot be read: No such file": import_log(demo, tmp_path / "nothing", site),
        "There is no website": import_log(demo, log, "nowhere"),
        "is no access log": import_log(demo, no_log, site),
        "does not know this API key": import_log(demo, log, site, bad_key),
        "may not read websites": import_log(demo, log, site, demo.keys(OTHER)["ingest"], DATA_DIR=tmp_path),
        "No key": import_log(demo, log, site, DATA_DIR=tmp_path),
        "is it running?": import_log(demo, log, site, PORT=9),
    }

    for message, refusal in refusals.items():
        assert refusal.returncode == 1, (message, refusal.stdout, refusal.stderr)
        (line,) = refusal.stderr.splitlines()
        assert message in line
