"""Go for the tests: that of the wheel, or the machine's, and nothing from the network."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from cloudmetrics.sdks.golang.names import MODULE
from cloudmetrics.sdks.golang.tools import ENVIRON, program
from tests.sdk.suite import ROOT

__all__ = ["MODULE", "SDK", "go", "runner"]

SDK = ROOT / "generated_sdks/go"


def go(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of Go in a folder, whatever its exit code."""
    command = [program("go"), *arguments]
    whole = {**os.environ, **ENVIRON, "NO_PROXY": "*", **environ}
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, check=False)


@cache
def runner() -> str:
    """The runner, built once for all tests of a session. Raises AssertionError with the compiler's words."""
    target = Path(tempfile.mkdtemp(prefix="cloudmetrics-runner-")) / "runner"
    built = go("build", "-o", str(target), ".", folder=Path(__file__).parent / "runners/go")
    assert built.returncode == 0, built.stderr
    return str(target)
