"""python -m bench [FIGURE…]: measures, shows the tables, and writes them to build/bench.md.

The figure `analytics` is made up of `questions`, `reports`, `dashboards` and `ingest`, which can be asked
for alone.
"""

import argparse
import importlib
from pathlib import Path

from rich.console import Console

from bench import machine
from bench.dataset import EVENTS
from bench.report import Figure

# These are measured on a data set, whose size can be chosen.
SIZED = {"analytics", "questions", "reports", "dashboards", "ingest"}
FIGURES = (
    "engine",
    "framework",
    "responses",
    "parts",
    "whole_way",
    "not_modified",
    "access_tokens",
    "limits",
    "lists",
    "analytics",
    "costs",
    "jobs",
    "alerts",
    "due_reports",
    "compile_time",
    "dev_latency",
    "memory",
    "sdks",
    "start",
)
REPORT = Path(__file__).parents[1] / "build" / "bench.md"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures the figures of the README."
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)}; else all")
    parser.add_argument("--events", type=int, default=EVENTS, help="how large the data set is")
    parser.add_argument("--rounds", type=int, default=5, help="how often each server has its turn")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a turn is")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(FIGURES) - SIZED:
        parser.error(f"there is no figure {unknown.pop()}; there are {', '.join(FIGURES)}")
    machine.pin(machine.LOAD_CORES)
    console = Console()
    console.print(machine.describe(), highlight=False)
    measured: list[Figure] = []
    for name in options.figures or FIGURES:
        with console.status(name) as status:
            module = importlib.import_module(f"bench.{name}")
            sized = {"events": options.events} if name in SIZED else {}
            tables: list[Figure] = module.figures(options.rounds, options.seconds, status.update, **sized)
        for table in tables:
            table.show(console)
        measured += tables
    REPORT.parent.mkdir(exist_ok=True)
    texts = [f"{machine.describe()}\n", *(table.markdown() for table in measured)]
    REPORT.write_text("\n".join(texts), encoding="utf-8")
    console.print(f"The same in Markdown: {REPORT}")


if __name__ == "__main__":
    main()
