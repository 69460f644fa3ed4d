"""`make run`: what it makes, what it prints, how it stops, and what it refuses."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.waiting import until

from .running import PROJECT, Running, assert_nothing_remains, environment, free_port, refused, running

pytestmark = pytest.mark.slow


def events_of(service: Running) -> int:
    key = service.keys()["read"]
    return service.get("/v1/metrics", key).json()["data"]["events"]


def test_the_first_start_makes_a_demo_that_survives_kills_and_restarts(open_folder):
    data_dir, port = open_folder / "a folder with spaces", free_port()

    with running(data_dir, port) as service:
        file = data_dir / "demo.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        first = service.demo_file()
        assert first["base_url"] == service.url
        assert [workspace["name"] for workspace in first["workspaces"]] == ["demo", "other"]
        for workspace in first["workspaces"]:
            assert list(workspace["keys"]) == ["full", "read", "ingest", "test"]
            answer = service.get("/v1/workspace", workspace["keys"]["full"]).json()["data"]
            assert {name: workspace[name] for name in ("id", "name", "plan")} == {
                name: answer[name] for name in ("id", "name", "plan")
            }
            assert service.get("/v1/workspace", workspace["keys"]["test"]).status_code == 200
        pasted = re.search(r"^curl .*$", service.text, re.MULTILINE)
        assert pasted is not None
        answered = subprocess.run(["sh", "-c", pasted[0]], capture_output=True, check=True)
        assert "visitors" in json.loads(answered.stdout)["data"]

        # The load is interrupted as soon as something is stored.
        until(lambda: events_of(service) > 0, "loading")
        service.stop(signal.SIGKILL)

    with running(data_dir, port) as service:
        assert service.demo_file() == first
        until((data_dir / "demo.loaded").exists, "loaded")
        loaded = events_of(service)
        assert loaded >= 50_000
        assert service.stop() == 0
        assert_nothing_remains(service)

    with running(data_dir, other_port := free_port()) as service:
        assert service.demo_file() == first | {"base_url": f"http://127.0.0.1:{other_port}"}
        assert events_of(service) == loaded
        assert service.stop(signal.SIGINT) == 0
        assert_nothing_remains(service)


def make_owner(data_dir: Path, email: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloudmetrics", "owner", "--email", email],
        cwd=PROJECT,
        env=environment(DATA_DIR=data_dir),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_demo_an_owner_is_made_by_hand_while_it_runs_or_before(open_folder):
    data_dir = open_folder / "data"
    before = make_owner(data_dir, "before@example.com")

    with running(data_dir, DEMO=0) as service:
        assert not (data_dir / "demo.json").exists()
        meanwhile = make_owner(data_dir, "Meanwhile@Example.com")
        for made in (before, meanwhile):
            key = re.search(r"cm_live_\w+", made.stdout)
            assert key is not None, made.stderr
            workspace = service.get("/v1/workspace", key[0]).json()["data"]
            assert workspace["name"].lower() == "example.com"
        again = make_owner(data_dir, "meanwhile@example.com")
        assert (again.returncode, again.stdout) == (1, "")
        assert "has an account already" in again.stderr
        assert service.stop(signal.SIGINT) == 0
        assert_nothing_remains(service)


def test_with_stores_of_ones_own_none_are_started(open_folder, stores, fresh_database):
    with running(
        open_folder / "data", DEMO=0, DATABASE_URL=fresh_database, REDIS_URL=stores.redis_url
    ) as service:
        assert service.get("/readyz").json()["checks"]["postgresql"] == "ok"
        assert service.children("postgres") + service.children("redis-server") == []
        assert service.stop() == 0
    assert sorted(path.name for path in (open_folder / "data").iterdir()) == ["logs", "secret_key"]


def test_two_services_run_side_by_side(open_folder):
    with running(open_folder / "one", DEMO=0) as one, running(open_folder / "two", DEMO=0) as two:
        assert one.stop() == 0
        assert two.is_ready()
        assert two.stop() == 0
        assert_nothing_remains(one)
        assert_nothing_remains(two)


def test_a_connection_that_idles_does_not_hold_up_the_stop(open_folder):
    with running(open_folder / "data", DEMO=0) as service:
        port = int(service.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            began = time.monotonic()
            assert service.stop(signal.SIGINT) == 0
            assert time.monotonic() - began < 9


def test_a_second_supervisor_is_refused(open_folder):
    with running(open_folder / "data", DEMO=0) as service:
        line = refused(open_folder / "data")
        assert "in use by another `make run`" in line
        assert service.is_ready()


def test_a_taken_port_is_refused_and_nothing_is_made(open_folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = refused(open_folder / "data", listener.getsockname()[1])
    assert "PORT=" in line
    assert list(open_folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused(open_folder):
    (open_folder / "file").write_text("not a folder")
    assert "DATA_DIR=" in refused(open_folder / "file" / "data")
    assert "DATA_DIR=" in refused(Path("/proc/cloudmetrics"))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x"}, "DATABASE_URL"),
        ({"REDIS_URL": "redis://u:hidden@127.0.0.1:1/0"}, "REDIS_URL"),
        ({"PORT": "many"}, "PORT must be a whole number from 1 to 65535"),
        ({"CLOUDMETRICS_ENVIRONMENT": "production"}, "CLOUDMETRICS_SECRET_KEY must be set"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_made(open_folder, settings, named):
    line = refused(open_folder / "data", **settings)
    assert named in line
    assert "hidden" not in line
    assert list(open_folder.iterdir()) == []
