"""Whatever part of the running service is killed, it comes back, and nothing that was stored is lost."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest

from cloudmetrics.platform.embedded import Stores
from tests.waiting import until

from .running import Running, assert_nothing_remains, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with TemporaryDirectory(prefix="cloudmetrics-tests-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder) / "data", DEMO=0) as service:
            yield service


def write(service: Running, note: str) -> None:
    with psycopg.connect(Stores(service.data_dir).database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [note])


def notes(service: Running) -> set[str]:
    with psycopg.connect(Stores(service.data_dir).database_url) as connection:
        return {note for (note,) in connection.execute("SELECT note FROM notes")}


@pytest.mark.parametrize("name", ["postgres", "redis-server", "gunicorn", "worker"])
def test_a_killed_child_is_started_again(service, name):
    write(service, name)
    (child,) = service.children(name)

    child.kill()

    until(lambda: [each.pid for each in service.children(name)] not in ([], [child.pid]), "started again")
    until(service.is_ready, "ready again")
    assert name in notes(service)
    assert "SIGKILL" in service.text


def test_a_killed_worker_is_replaced(service):
    (master,) = service.children("gunicorn")
    until(lambda: len(master.children()) == 2, "complete")
    before = {worker.pid for worker in master.children()}

    psutil.Process(min(before)).kill()

    until(lambda: len({worker.pid for worker in master.children()} - before) == 1, "replaced")
    until(service.is_ready, "ready")


def test_a_session_at_work_does_not_keep_postgresql_from_coming_back(service):
    with closing(psycopg.connect(Stores(service.data_dir).database_url, autocommit=True)) as connection:
        connection.pgconn.send_query(b"SELECT pg_sleep(600)")
        (child,) = service.children("postgres")

        child.kill()

        # The session sleeps for longer than anybody waits here.
        until(lambda: [each.pid for each in service.children("postgres")] not in ([], [child.pid]), "back")
        until(service.is_ready, "ready")


def test_after_a_killed_supervisor_the_next_one_takes_over(open_folder):
    with running(open_folder / "data", DEMO=0) as first:
        write(first, "kept")
        port = int(first.url.rpartition(":")[2])
        first.stop(signal.SIGKILL)

        with running(open_folder / "data", port, DEMO=0) as second:
            assert notes(second) == {"kept"}
            assert second.stop() == 0
            assert_nothing_remains(second)


def test_a_killed_supervisor_leaves_no_process(open_folder):
    with running(open_folder / "data", DEMO=0) as service:
        service.stop(signal.SIGKILL)
        until(lambda: service.remains() == [], "gone")


def test_a_lock_file_that_names_a_stranger_does_not_hinder(open_folder):
    with running(open_folder / "data", DEMO=0) as service:
        assert service.stop() == 0
    # As after a power cut, when the old process number belongs to somebody else now.
    lock = open_folder / "data" / "postgres" / "postmaster.pid"
    lock.write_text(f"1\n{lock.parent}\n1700000000\n5432\n\n\n\nready\n")

    with running(open_folder / "data", DEMO=0) as service:
        assert service.is_ready()
