"""How long `make run` takes: the first start with its demo data, and a later one."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.report import Figure, against_bar
from bench.servers import PROJECT, ServerFailed, free_port

BARS = {"demo data loaded": 15.0, "a later start, until ready": 3.0}
PATIENCE = 120.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table; the packages are installed already."""
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data_dir, port = Path(folder) / "data", free_port()
        tell("the first start")
        began = time.monotonic()
        with started(data_dir, port):
            took["the first start, until ready"] = time.monotonic() - began
            began = time.monotonic()
            until((data_dir / "demo.loaded").exists)
            took["demo data loaded"] = time.monotonic() - began
        tell("a later start")
        began = time.monotonic()
        with started(data_dir, port):
            took["a later start, until ready"] = time.monotonic() - began
    table = Figure("How long make run takes", ["", "s", "bar"])
    for what, duration in took.items():
        bar = against_bar(duration, BARS[what], at_least=False) if what in BARS else ""
        table.rows.append([what, f"{duration:.1f}", bar])
    return [table]


@contextmanager
def started(data_dir: Path, port: int) -> Iterator[None]:
    """Everything that `make run` starts, ready, for the time of the block."""
    environ = os.environ | {"DATA_DIR": str(data_dir), "PORT": str(port)}
    command = [sys.executable, "-m", "cloudmetrics", "run"]
    process = subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or is_ready(port))
        if process.poll() is not None:
            raise ServerFailed("make run ended")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition. Raises ServerFailed after two minutes."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailed("make run did not get ready")
        time.sleep(0.02)
