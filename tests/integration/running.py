"""`make run` for tests: starts it in a folder of its own, and looks at what it started."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from cloudmetrics.platform.embedded import is_store_of, socket_folder
from cloudmetrics.platform.processes import MARK
from tests.waiting import PATIENCE, until

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cloudmetrics", "run"]
# Which workspace of the demo is empty.
OTHER = 1


def free_port() -> int:
    """A port for a server that is about to start.

    It is none of those that systems give to clients (from 32768 on), any of which may
    be in use a moment later.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    own = ("CLOUDMETRICS_", "DATABASE_URL", "REDIS_URL", "PORT", "DATA_DIR", "DEMO")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {name: str(value) for name, value in settings.items()}


class Running:
    """A supervisor that a test started."""

    def __init__(self, data_dir: Path, port: int, **settings: object) -> None:
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{port}"
        self.printed = data_dir.parent / f"printed-{port}.txt"
        with self.printed.open("ab") as output:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=PROJECT,
                env=environment(DATA_DIR=data_dir, PORT=port, CLOUDMETRICS_WORKERS=2, **settings),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )

    @property
    def text(self) -> str:
        return self.printed.read_text()

    def get(self, path: str, key: str = "") -> httpx.Response:
        return httpx.get(
            self.url + path, headers={"API-Key": key} if key else {}, timeout=PATIENCE, trust_env=False
        )

    def demo_file(self) -> dict[str, Any]:
        """What tells of the demo: two workspaces, the second of them empty, and their keys."""
        told: dict[str, Any] = json.loads((self.data_dir / "demo.json").read_text())
        return told

    def keys(self, workspace: int = 0) -> dict[str, str]:
        """The keys of one of the demo's workspaces, by what they may do."""
        keys: dict[str, str] = self.demo_file()["workspaces"][workspace]["keys"]
        return keys

    def make_website(self, **fields: str) -> dict[str, Any]:
        """A new website in the workspace `other`."""
        name = f"shop-{uuid4().hex[:12]}"
        response = httpx.post(
            f"{self.url}/v1/websites",
            json={"name": name, "domain": f"{name}.example"} | fields,
            headers={"API-Key": self.keys(OTHER)["full"]},
            trust_env=False,
        )
        assert response.status_code == 201, response.text
        website: dict[str, Any] = response.json()["data"]
        return website

    def is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return self.get("/readyz").status_code == 200
        return False

    def await_ready(self) -> None:
        until(lambda: self.is_ready() or self.process.poll() is not None, "ready")
        assert self.process.poll() is None, self.text

    def children(self, name: str) -> list[psutil.Process]:
        """The supervisor's own children of a name: `postgres`, `redis-server`, `gunicorn` or `worker`."""
        return [child for child in psutil.Process(self.process.pid).children() if is_called(child, name)]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE)

    def remains(self) -> list[psutil.Process]:
        return remains(self.data_dir)


def is_called(process: psutil.Process, name: str) -> bool:
    """Whether this is a child that the supervisor started, and not the orphan of a dead one."""
    with suppress(psutil.Error, OSError):
        program, *arguments = process.cmdline() or ["zombie"]
        named = Path(program).name == name or process.name() == name or name in arguments
        return named and os.getsid(process.pid) == process.pid and not program.startswith("postgres:")
    return False


def remains(data_dir: Path) -> list[psutil.Process]:
    """All processes that belong to a data folder, whoever their parent is."""
    return [process for process in psutil.process_iter() if belongs(process, data_dir)]


def belongs(process: psutil.Process, data_dir: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARK) == str(data_dir) or is_store_of(process, data_dir)
    return False


@contextmanager
def running(data_dir: Path, port: int | None = None, **settings: object) -> Iterator[Running]:
    """A service that is ready; whatever the test leaves of it is killed at the end."""
    service = Running(data_dir, port or free_port(), **settings)
    try:
        service.await_ready()
        yield service
    finally:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(PATIENCE)
        for process in service.remains():
            with suppress(psutil.Error):
                process.kill()
        if service.process.poll() is None:
            service.process.kill()
        shutil.rmtree(socket_folder(service.data_dir), ignore_errors=True)


def assert_nothing_remains(service: Running) -> None:
    assert service.remains() == []
    assert not socket_folder(service.data_dir).exists()


def refused(data_dir: Path, port: int | None = None, **settings: object) -> str:
    """Starts the service, which must refuse with one line and exit code 1; returns the line."""
    ended = subprocess.run(
        COMMAND,
        cwd=PROJECT,
        env=environment(**({"DATA_DIR": data_dir, "PORT": port or free_port()} | settings)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line
