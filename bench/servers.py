"""Starts each peer under the server of the product, with its settings: one worker, on a core of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bench.machine import SERVER_CORES, pin

PROJECT = Path(__file__).parents[1]
PATIENCE = 20.0


class ServerFailed(Exception):
    """A server that did not start; the message is the end of its log."""


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> float:
        """Resident memory of the worker process in MB."""
        return float(self._worker().memory_info().rss) / 2**20

    def cpu_seconds(self) -> float:
        """Processor time that the worker process has used so far."""
        times = self._worker().cpu_times()
        return float(times.user + times.system)

    def _worker(self) -> psutil.Process:
        (worker,) = psutil.Process(self.process.pid).children()
        return worker


@contextmanager
def serving(app: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serves an application, named `module:attribute`, for the time of the block."""
    port = free_port()
    command = [
        *(sys.executable, "-W", "ignore", "-m", "gunicorn", "-c", "python:cloudmetrics.gunicorn_settings"),
        *("--workers", "1", "--keep-alive", "75", "--log-level", "warning"),
        *("--bind", f"127.0.0.1:{port}", app),
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | dict(environ or {}),
            stdout=log,
            stderr=log,
            preexec_fn=lambda: pin(SERVER_CORES),  # noqa: PLW1509
        )
        try:
            if not answers(port, process):
                log.seek(0)
                raise ServerFailed(f"{app} did not start:\n{log.read()[-2000:].decode('utf-8', 'replace')}")
            yield Server(port, process)
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Waits until the server takes connections; False if it ended or took too long."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
