"""`make dev` as a whole: it starts, takes in what is saved, and leaves nothing behind."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.running import PROJECT, environment, free_port, remains
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(open_folder: Path) -> Path:
    """A copy of the project, which can be edited."""
    for part in ("cloudmetrics", "handlers", "migrations", "spec", ".spectral.yml", "docs/guides"):
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, open_folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, open_folder / part)
    return open_folder


def test_what_is_saved_is_live_and_what_is_broken_is_told(copy):
    port, printed, data = free_port(), copy / "printed.txt", copy / "data"
    url = f"http://127.0.0.1:{port}"
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cloudmetrics", "dev"],
            cwd=copy,
            env=environment(PORT=port, DATA_DIR=data, DEMO=0),
            stdout=output,
            stderr=output,
        )

    def await_text(text: str) -> None:
        until(lambda: text in printed.read_text() or process.poll() is not None, text)
        assert process.poll() is None, printed.read_text()

    def edit(file: str, old: str, new: str) -> None:
        text = (copy / file).read_text()
        assert old in text
        (copy / file).write_text(text.replace(old, new))

    def get(path: str) -> httpx.Response:
        return httpx.get(url + path, timeout=PATIENCE, trust_env=False)

    try:
        await_text("What is saved is live at once")
        assert get("/readyz").status_code == 200
        assert "/dev/reload.js" in get("/docs/reference").text

        # The contract.
        edit("spec/paths/goals.yaml", "summary: List goals", "summary: List all of the goals")
        await_text("goals.yaml: live after")
        assert "List all of the goals" in get("/docs/reference").text

        # The contract, broken and mended.
        edit("spec/paths/goals.yaml", "operationId: list-goals", "operationId: [list-goals")
        await_text("spec/paths/goals.yaml:3:")
        assert get("/v1/goals").status_code == 401
        edit("spec/paths/goals.yaml", "operationId: [list-goals", "operationId: list-goals")

        # Code that cannot be read restarts nothing; code that can does.
        edit("cloudmetrics/gateway/health.py", '{"/healthz", ', '{"/alive" +, ')
        await_text("cloudmetrics/gateway/health.py:")
        assert get("/healthz").status_code == 200
        edit("cloudmetrics/gateway/health.py", '{"/alive" +, ', '{"/alive", ')
        await_text("Started anew, for health.py")
        assert get("/alive").status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, printed.read_text()
    assert printed.read_text().rstrip().endswith("Stopped.")
    assert remains(data) == []
