"""python -m cloudmetrics.gates [GATE…]: runs gates, shows a table, writes reports to build/contract."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live

from cloudmetrics.gates import report
from cloudmetrics.gates.models import Gate, Outcome, Project
from cloudmetrics.gates.runner import GATES, run

HERE = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where everything passed, 1 where a gate says no, 2 where the call makes no sense."""
    options = parse(arguments)
    console = Console(stderr=False)
    if options.list:
        for gate in GATES:
            console.print(f"{gate.name:<12}{gate.purpose}")
        return 0
    project = Project(options.project.resolve(), options.fuzz, options.seed)
    gates = [gate for gate in GATES if not options.gates or gate.name in options.gates]
    outcomes = watch(console, project, gates)
    for outcome in outcomes:
        if lines := report.details(outcome):
            console.print(f"\n[bold]{outcome.gate.name}[/bold]")
            for line in lines:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    write(project, outcomes)
    return 0 if report.passed(outcomes) else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloudmetrics.gates", description=__doc__)
    parser.add_argument("gates", nargs="*", metavar="GATE", help="names of gates; all, where none is given")
    parser.add_argument("--list", action="store_true", help="tell what each gate is for")
    parser.add_argument(
        "--fuzz", type=int, default=0, metavar="SECONDS", help="how long to fuzz; 0 leaves it out"
    )
    parser.add_argument("--seed", type=int, metavar="NUMBER", help="repeat the fuzzing that told this seed")
    parser.add_argument("--project", type=Path, default=HERE, help="the folder with the contract")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.gates) - {gate.name for gate in GATES}):
        parser.error(f"there is no gate {unknown[0]}; there are {', '.join(gate.name for gate in GATES)}")
    return options


def watch(console: Console, project: Project, gates: Sequence[Gate]) -> list[Outcome]:
    """The outcomes in the order of the gates; on a terminal the table fills while they run."""
    order = {gate.name: number for number, gate in enumerate(gates)}
    outcomes: list[Outcome] = []
    with Live(console=console, auto_refresh=False, transient=False) as live:
        for outcome in run(project, gates):
            outcomes = sorted([*outcomes, outcome], key=lambda each: order[each.gate.name])
            live.update(report.table(outcomes), refresh=console.is_terminal)
        live.refresh()
    return outcomes


def write(project: Project, outcomes: Sequence[Outcome]) -> None:
    """The reports for programs, CI and reviewers."""
    project.artefacts.mkdir(parents=True, exist_ok=True)
    (project.artefacts / "report.json").write_bytes(report.as_json(outcomes))
    (project.artefacts / "junit.xml").write_bytes(report.as_junit(outcomes))
    (project.artefacts / "report.md").write_text(report.as_markdown(outcomes), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
