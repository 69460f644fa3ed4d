"""`make run` for tests: starts it in a folder of its own, and looks at what it started."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from cloudmetrics.platform.embedded import is_store_of, socket_folder
from cloudmetrics.platform.processes import MARK

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cloudmetrics", "run"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
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
            self.url + path, headers={"API-Key": key} if key else {}, timeout=10, trust_env=False
        )

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
        return self.process.wait(20)

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
                service.process.wait(20)
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
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def until(condition: Callable[[], bool], what: str, patience: float = 40) -> float:
    """Waits for a condition; returns the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < patience, f"not {what} within {patience} s"
        time.sleep(0.05)
    return time.monotonic() - began
