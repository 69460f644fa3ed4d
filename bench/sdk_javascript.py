"""What the JavaScript SDK costs: beside plain fetch, through its buffer, and in a bundle."""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
from pathlib import Path

from bench.report import Figure, against_bar
from bench.servers import PROJECT
from cloudmetrics.gates.tools import node_program

SDK = PROJECT / "generated_sdks" / "javascript"
PROGRAM = Path(__file__).with_suffix(".mjs")
EVENTS = 50_000
ONE_OPERATION = """
import { Client } from '@cloudmetrics/api-client/client';
import { Goals } from '@cloudmetrics/api-client/goals';

new Goals(new Client({ apiKey: 'a' })).get('b').then(console.log);
"""


def figure(url: str, rounds: int, seconds: float) -> Figure:
    """All of it in one table, asked of a server that answers at once."""
    subprocess.run([PROJECT / "scripts" / "setup-tools"], check=True)
    subprocess.run([node_program(), SDK / "build.mjs"], check=True)
    command: list[str | Path] = [node_program(), PROGRAM, url, str(rounds), str(seconds), str(EVENTS)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    plain, ours, events = (statistics.median(told[name]) for name in ("plain", "ours", "events"))
    share, size = ours / plain, bundled()
    small = against_bar(size, 10_000, at_least=False)
    return Figure(
        "The JavaScript SDK",
        ["", "", "bar"],
        [
            ["fetch, requests/s one at a time", f"{plain:,.0f}", ""],
            ["SDK, requests/s one at a time", f"{ours:,.0f}", ""],
            ["of fetch", f"{share:.2f}", against_bar(share, 0.85)],
            ["events/s through the buffer, sent", f"{events:,.0f}", against_bar(events, 10_000)],
            ["a bundle for one operation, bytes as gzip", f"{size:,}", small],
        ],
    )


def bundled() -> int:
    """Bytes of a page's program that calls one operation, minified, as they go over the wire."""
    command = [node_program(), PROJECT / "scripts/node/bundle.cjs", SDK]
    made = subprocess.run(command, input=ONE_OPERATION.encode(), check=True, capture_output=True).stdout
    return len(gzip.compress(made))
