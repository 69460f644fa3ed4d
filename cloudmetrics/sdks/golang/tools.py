"""Go's own programs, and how they are run: with what is on this machine, and nothing from a network."""

from __future__ import annotations

import shutil

from cloudmetrics.gates.tools import HOME
from cloudmetrics.sdks.errors import GeneratorFailed

ENVIRON = {
    "CGO_ENABLED": "0",  # Not every machine has a compiler for C.
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


def program(name: str) -> str:
    """go or gofmt. Where the machine's is missing or too old, scripts/setup-tools has installed a wheel's.

    Raises GeneratorFailed.
    """
    wheel = HOME / "build/tools/go/go/bin" / name
    found = str(wheel) if wheel.exists() else shutil.which(name)
    if found is None:
        raise GeneratorFailed(f"{name} is not installed; run scripts/setup-tools")
    return found
