"""`make import-events` and `make export-events`: what goes out can come in again, twice as once."""

import gzip
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cloudmetrics.exporting import run

from .importing import counts, import_log, metrics
from .running import PROJECT, Running, environment

pytestmark = pytest.mark.slow

EVENT = {"id": "1", "name": "pageview", "timestamp": "2026-11-03T10:00:00Z", "visitor_id": "anna"}


@pytest.fixture
def website(demo: Running) -> dict[str, Any]:
    """A website of the test's own in the workspace `other`."""
    return demo.make_website()


def import_events(demo: Running, file: Path, website: str, **settings: object) -> Any:
    return import_log(demo, file, website, kind="events", **settings)


def test_good_rows_of_ndjson_are_stored_and_bad_ones_told_by_line(
    demo: Running,
    website: dict[str, Any],
    tmp_path: Path,
) -> None:
    lines = [json.dumps(EVENT | {"id": f"{website['id']}-{number}"}) for number in range(2_500)]
    lines[9] = "{"
    lines[1_499] = json.dumps(EVENT | {"id": website["id"], "timestamp": "yesterday"})
    lines[1_999] = json.dumps(EVENT | {"id": website["id"], "timestamp": "9999-01-01T00:00:00Z"})
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(gzip.compress("\n".join(lines).encode()))

    first = import_events(demo, file, website["id"])
    second = import_events(demo, file, website["domain"])

    assert counts(first.stdout) == [2_500, 2_497, 0, 1, 2], first.stderr
    assert "line 10 is broken: no JSON" in first.stdout
    assert "line 1,500 is broken: timestamp:" in first.stdout
    assert "line 2,000 is rejected: TIMESTAMP_IN_FUTURE" in first.stdout
    assert (first.returncode, first.stderr) == (1, "The server rejected 1 lines.\n")
    assert max(map(len, first.stdout.splitlines())) <= 80
    assert counts(second.stdout) == [2_500, 0, 2_497, 1, 2]
    assert metrics(demo, website, "2026-11-03", "2026-11-03")["events"] == 2_497


def test_rows_of_csv_without_ids_count_once_however_often_they_are_imported(
    demo: Running,
    website: dict[str, Any],
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

    first = import_events(demo, file, website["name"])
    second = import_events(demo, file, website["name"])

    assert (first.returncode, counts(first.stdout)) == (0, [4, 3, 0, 0, 1]), first.stderr
    assert "line 5 is broken: revenue/amount_minor:" in first.stdout
    assert (second.returncode, counts(second.stdout)) == (0, [4, 0, 3, 0, 1]), second.stderr
    data = metrics(demo, website, "2026-11-03", "2026-11-03")
    assert (data["pageviews"], data["revenue"]["amount_minor"]) == (2, 9_900)


def test_a_file_without_events_is_one_clear_line(
    demo: Running,
    website: dict[str, Any],
    tmp_path: Path,
) -> None:
    for text, said in [("hello\n", "first line of a CSV file"), ('{"a": 1}\n' * 5, "no file of events")]:
        (tmp_path / "file").write_text(text)
        refused = import_events(demo, tmp_path / "file", website["id"])
        (line,) = refused.stderr.splitlines()
        assert said in line
        assert refused.returncode == 1


def export_events(demo: Running, file: Path, website: str, *options: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "cloudmetrics.exporting", "--file", str(file), "--website", website, *options],
        cwd=PROJECT,
        env=environment(DATA_DIR=demo.data_dir, PORT=demo.url.rpartition(":")[2]),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_export_comes_in_again_as_duplicates_and_is_parquet_too(
    demo: Running,
    website: dict[str, Any],
    tmp_path: Path,
) -> None:
    properties = {"plan": "pro", "seats": 5}
    lines = [
        json.dumps(EVENT | {"id": f"{website['id']}-{number}", "properties": properties, "url": "https://x/"})
        for number in range(2_500)
    ]
    (tmp_path / "in.ndjson").write_text("\n".join(lines))
    import_events(demo, tmp_path / "in.ndjson", website["id"])

    packed, parquet = tmp_path / "out.ndjson.gz", tmp_path / "out.parquet"
    exported = export_events(demo, packed, website["name"])
    assert exported.returncode == 0, exported.stderr
    assert export_events(demo, parquet, website["id"]).returncode == 0
    none = export_events(demo, tmp_path / "none.ndjson", website["id"], "--from", "2026-11-04T00:00:00Z")

    events = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    assert {event["id"] for event in events} == {json.loads(line)["id"] for line in lines}
    assert events[0]["properties"] == properties
    assert pq.read_table(parquet).num_rows == 2_500
    assert (none.returncode, (tmp_path / "none.ndjson").read_bytes()) == (0, b"")
    again = import_events(demo, packed, website["id"])
    assert counts(again.stdout) == [2_500, 0, 2_500, 0, 0], again.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.ndjson",
        "none.ndjson",
        "out.ndjson.gz",
        "out.parquet",
    ]


def test_an_export_that_fails_is_one_clear_line_and_leaves_the_old_file(
    demo: Running,
    website: dict[str, Any],
    tmp_path: Path,
) -> None:
    old = tmp_path / "old.ndjson"
    old.write_text("old")
    refusals = {
        "should end in": export_events(demo, tmp_path / "events.csv", website["id"]),
        "There is no website": export_events(demo, old, "nowhere"),
        "from: Must be": export_events(demo, old, website["id"], "--from", "yesterday"),
        "cannot be written": export_events(demo, tmp_path / "no" / "x.ndjson", website["id"]),
        "does not know this API key": export_events(demo, old, website["id"], "--key", "cm_live_" + "a" * 36),
    }

    for message, refusal in refusals.items():
        (line,) = refusal.stderr.splitlines()
        assert message in line
        assert refusal.returncode == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.ndjson", "old")]


def test_an_export_that_is_cut_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against a server that ends in the middle of a chunk, as ours does when it fails."""
    listener = socket.create_server(("127.0.0.1", 0))
    website = {"id": "x", "name": "shop", "domain": "shop.example"}
    page = json.dumps({"data": [website], "pagination": {"next_cursor": None}}).encode()
    answers = [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n",
    ]

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    code = run(
        str(tmp_path / "out.ndjson"),
        "shop",
        "cm_test_key",
        period={},
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        data_dir=tmp_path,
    )
    thread.join()
    listener.close()

    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "cut in the middle" in capsys.readouterr().err
