"""Embedded stores: as whom they run, and what they leave behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cloudmetrics.platform.embedded import child_user, running_stores, socket_folder
from cloudmetrics.platform.processes import StartupError
from tests.waiting import until

from .running import PROJECT, remains

# Enters a user namespace in which all users exist, as in a container, but no further namespace may be made.
IN_A_CONTAINER = """
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.setgid(0)
    os.setuid(0)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(ready[0], 1)
for kind in ("uid_map", "gid_map"):
    open(f"/proc/{child}/{kind}", "w").write("0 0 65536")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

REPORT_OWNERS = """
import sys
from pathlib import Path
from cloudmetrics.platform.embedded import running_stores
with running_stores(Path(sys.argv[1]), durable=False) as stores:
    print(stores.user, *((stores.data_dir / name).stat().st_uid for name in ("postgres", "redis")))
"""


def in_a_container(data_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IN_A_CONTAINER, "-c", REPORT_OWNERS, data_dir]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)


def test_what_was_stored_is_there_at_the_next_start_and_nothing_else_remains(open_folder):
    with running_stores(open_folder) as stores, psycopg.connect(stores.database_url) as connection:
        connection.execute("CREATE TABLE notes AS SELECT 'kept' AS note")
        sockets = socket_folder(open_folder.resolve())
        assert sockets.stat().st_mode & 0o777 == 0o700

    assert not sockets.exists()
    with running_stores(open_folder) as stores, psycopg.connect(stores.database_url) as connection:
        assert connection.execute("SELECT note FROM notes").fetchone() == ("kept",)


def test_postgresql_uses_utc_and_sorts_alike_everywhere(stores):
    with psycopg.connect(stores.database_url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SELECT 'a' < 'B', lower('É')").fetchone() == (False, "é")


def test_a_folder_of_sockets_that_somebody_else_prepared_is_refused(open_folder):
    trap = socket_folder(open_folder.resolve())
    trap.symlink_to(open_folder)
    try:
        with pytest.raises(StartupError, match="somebody else"), running_stores(open_folder):
            pass
    finally:
        trap.unlink()


def test_files_of_another_version_of_postgresql_are_refused(open_folder):
    (open_folder / "postgres").mkdir()
    (open_folder / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(StartupError, match="made by PostgreSQL 9"), running_stores(open_folder):
        pass


@pytest.mark.slow
def test_where_namespaces_are_refused_root_runs_the_stores_as_nobody(open_folder):
    if child_user(open_folder) != "mapped":
        pytest.skip("this is not root, or namespaces are refused here, and then every test shows it")
    reported = in_a_container(open_folder / "data")
    assert reported.stdout.split() == ["65534", "65534", "65534"], reported.stderr

    # What nobody owned is taken over when namespaces are allowed again.
    with running_stores(open_folder / "data", durable=False) as stores:
        assert stores.user == child_user(stores.data_dir)

    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    refused = in_a_container(closed / "data")
    assert "may not enter" in refused.stderr
    assert list(closed.iterdir()) == []


def test_stores_end_when_the_process_that_started_them_is_killed(open_folder):
    script = REPORT_OWNERS + "    import os; os.kill(os.getpid(), 9)\n"
    command = [sys.executable, "-c", script, str(open_folder)]

    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=60, check=False)

    assert ended.returncode == -9
    until(lambda: remains(open_folder) == [], "ended")
    shutil.rmtree(socket_folder(open_folder), ignore_errors=True)
