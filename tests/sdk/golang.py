"""Go for the tests: that of the wheel, or the machine's, and nothing from the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.sdk.suite import ROOT

WHEEL = ROOT / "build/tools/go/go/bin/go"
MODULE = "cloudmetrics.example/go/cloudmetrics"
SDK = ROOT / "generated_sdks/go"
ENVIRON = {
    "CGO_ENABLED": "0",  # Not every machine has a compiler for C.
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


def program() -> str:
    """Go itself. Where scripts/setup-tools installed a wheel, the machine's is missing, or too old."""
    found = str(WHEEL) if WHEEL.exists() else shutil.which("go")
    assert found is not None, "Go is not installed; run scripts/setup-tools"
    return found


def go(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of Go in a folder, whatever its exit code."""
    command = [program(), *arguments]
    whole = {**os.environ, **ENVIRON, "NO_PROXY": "*", **environ}
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, check=False)


@cache
def runner() -> str:
    """The runner, built once for all tests of a session. Raises AssertionError with the compiler's words."""
    target = Path(tempfile.mkdtemp(prefix="cloudmetrics-runner-")) / "runner"
    built = go("build", "-o", str(target), ".", folder=Path(__file__).parent / "runners/go")
    assert built.returncode == 0, built.stderr
    return str(target)


def published(folder: Path, version: str) -> str:
    """The SDK as a module proxy gives it, its zip included, below a folder. Gives the proxy's address."""
    at = folder / MODULE / "@v"
    at.mkdir(parents=True)
    (at / "list").write_text(f"{version}\n")
    (at / f"{version}.info").write_text(f'{{"Version": "{version}", "Time": "2026-11-24T00:00:00Z"}}')
    shutil.copyfile(SDK / "go.mod", at / f"{version}.mod")
    with zipfile.ZipFile(at / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(SDK.rglob("*")):
            if path.is_file():
                archive.write(path, f"{MODULE}@{version}/{path.relative_to(SDK).as_posix()}")
    return folder.as_uri()
