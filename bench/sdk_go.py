"""What the Go SDK costs: beside net/http, and through its buffer."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess

from bench.report import Figure, against_bar
from bench.servers import PROJECT

PROGRAM = PROJECT / "bench/go"
WHEEL = PROJECT / "build/tools/go/go/bin/go"
EVENTS = 50_000
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}


def figure(url: str, rounds: int, seconds: float) -> Figure:
    """One table. The server at `url` answers at once."""
    go = str(WHEEL) if WHEEL.exists() else shutil.which("go")
    if go is None:
        raise SystemExit("Go is not installed; run scripts/setup-tools")
    command = [go, "run", ".", url, str(rounds), str(seconds), str(EVENTS)]
    environ = {**os.environ, **OFFLINE, "NO_PROXY": "*"}
    ended = subprocess.run(command, cwd=PROGRAM, env=environ, capture_output=True, text=True, check=True)
    measured = [[float(each) for each in line.split()] for line in ended.stdout.splitlines()]
    plain, ours, events = (statistics.median(each) for each in zip(*measured, strict=True))
    made = Figure("The Go SDK beside the library under it, one at a time", ["", "a second", "of it", "bar"])
    share = ours / plain
    made.rows += [
        ["net/http, requests", f"{plain:,.0f}", "", ""],
        ["SDK, requests", f"{ours:,.0f}", f"{share:.2f}", against_bar(share, 0.85)],
        ["events through the buffer, sent", f"{events:,.0f}", "", against_bar(events, 10_000)],
    ]
    return made
