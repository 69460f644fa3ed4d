"""`make import-events`: CSV and NDJSON come in, good rows beside bad ones, twice as once."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from .running import Running
from .test_import_log import counts, import_log, metrics, service, website  # noqa: F401

pytestmark = pytest.mark.slow

EVENT = {"id": "1", "name": "pageview", "timestamp": "2026-11-03T10:00:00Z", "visitor_id": "anna"}


def import_events(service: Running, file: Path, website: str, **settings: object) -> Any:  # noqa: F811
    return import_log(service, file, website, kind="events", **settings)


def test_good_rows_of_ndjson_are_stored_and_bad_ones_told_by_line(
    service: Running,  # noqa: F811
    website: dict[str, Any],  # noqa: F811
    tmp_path: Path,
) -> None:
    lines = [json.dumps(EVENT | {"id": f"{website['id']}-{number}"}) for number in range(2_500)]
    lines[9] = "{"
    lines[1_499] = json.dumps(EVENT | {"id": website["id"], "timestamp": "yesterday"})
    lines[1_999] = json.dumps(EVENT | {"id": website["id"], "timestamp": "9999-01-01T00:00:00Z"})
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(gzip.compress("\n".join(lines).encode()))

    first = import_events(service, file, website["id"])
    second = import_events(service, file, website["domain"])

    assert counts(first.stdout) == [2_500, 2_497, 0, 1, 2], first.stderr
    assert "line 10 is broken: no JSON" in first.stdout
    assert "line 1,500 is broken: timestamp:" in first.stdout
    assert "line 2,000 is rejected: TIMESTAMP_IN_FUTURE" in first.stdout
    assert (first.returncode, first.stderr) == (1, "The server rejected 1 lines.\n")
    assert max(map(len, first.stdout.splitlines())) <= 80
    assert counts(second.stdout) == [2_500, 0, 2_497, 1, 2]
    assert metrics(service, website, "2026-11-03", "2026-11-03")["events"] == 2_497


def test_rows_of_csv_without_ids_count_once_however_often_they_are_imported(
    service: Running,  # noqa: F811
    website: dict[str, Any],  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.csv"
    file.write_text(
        "timestamp,name,visitor_id,revenue.amount_minor,revenue.currency\n"
        "2026-11-03T10:00:00Z,pageview,anna,,\n"
        "2026-11-03T10:00:00Z,pageview,anna,,\n"
        "2026-11-03T10:00:00Z,purchase,anna,9900,USD\n"
        "2026-11-03T10:00:00Z,purchase,bob,many,USD\n"
    )

    first = import_events(service, file, website["name"])
    second = import_events(service, file, website["name"])

    assert (first.returncode, counts(first.stdout)) == (0, [4, 3, 0, 0, 1]), first.stderr
    assert "line 5 is broken: revenue/amount_minor:" in first.stdout
    assert (second.returncode, counts(second.stdout)) == (0, [4, 0, 3, 0, 1]), second.stderr
    data = metrics(service, website, "2026-11-03", "2026-11-03")
    assert (data["pageviews"], data["revenue"]["amount_minor"]) == (2, 9_900)


def test_a_file_without_events_is_one_clear_line(
    service: Running,  # noqa: F811
    website: dict[str, Any],  # noqa: F811
    tmp_path: Path,
) -> None:
    for text, said in [("hello\n", "first line of a CSV file"), ('{"a": 1}\n' * 5, "no file of events")]:
        (tmp_path / "file").write_text(text)
        refused = import_events(service, tmp_path / "file", website["id"])
        (line,) = refused.stderr.splitlines()
        assert said in line
        assert refused.returncode == 1
