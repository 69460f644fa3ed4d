"""python -m cloudmetrics.gates.release: all that must hold before a release, as one table.

Everything works without a network, and with the tools that scripts/setup-tools installs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rich.console import Console

from cloudmetrics.gates import clients, report, tools
from cloudmetrics.gates.__main__ import watch
from cloudmetrics.gates.models import Finding, Gate, Project, Result
from cloudmetrics.gates.runner import GATES

HERE = Path(__file__).parents[2]
CHANGELOG = "CHANGELOG.md"
LOCKS = "requirements"
WORKFLOWS = ".github/workflows"
PINNED = re.compile(r"^\S+==\S+")
ACTION = re.compile(r"uses:\s*(\S+)")
SHA = re.compile(r"@[0-9a-f]{40}\Z")


def deprecations(project: Project, today: date | None = None) -> Result:
    """What is deprecated keeps its day: afterwards it is gone, or has another one."""
    count, findings = 0, []
    for method, path, operation in project.operations():
        count += bool(operation.get("deprecated"))
        sunset = operation.get("x-sunset")
        if sunset and date.fromisoformat(str(sunset)) < (today or date.today()):
            where = project.contract.sources.where(["paths", path, method])
            cause = f"{operation['operationId']} should be gone since {sunset}"
            findings.append(Finding(where, "deprecation", cause, "take it out, or give it a later x-sunset"))
    return Result(tuple(findings), f"{count} operations are deprecated")


def docs(project: Project) -> Result:
    """The changelog tells the version of the contract, and has something to say of it."""
    version = project.contract.version
    text = (project.root / CHANGELOG).read_text(encoding="utf-8")
    if f"contract {version}" in text:
        return Result(note=f"the changelog tells contract {version}")
    cause, cure = f"contract {version} is not told", f"write `contract {version}` below its release"
    return Result((Finding(f"{CHANGELOG}:1:1", "changelog", cause, cure),), "the changelog is behind")


def security(project: Project) -> Result:
    """What is installed and what CI runs are pinned to what somebody looked at."""
    findings = [*_locks(project.root), *_actions(project.root)]
    return Result(tuple(findings), "locks have hashes, and actions are pinned")


def _locks(root: Path) -> Iterator[Finding]:
    for path in sorted((root / LOCKS).glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            following = "".join(lines[number : number + 1])
            if PINNED.match(line) and "--hash" not in line + following:
                where = f"{path.relative_to(root)}:{number}:1"
                yield Finding(where, "lock", f"{line.split()[0]} has no hash", "run `make lock`")


def _actions(root: Path) -> Iterator[Finding]:
    for path in sorted((root / WORKFLOWS).glob("*.yml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (used := ACTION.search(line)) and not SHA.search(used[1]) and not used[1].startswith("./"):
                where = f"{path.relative_to(root)}:{number}:1"
                yield Finding(where, "pin", f"{used[1]} can change any day", "pin it to a commit's SHA")


CHECKS = (
    *(gate for gate in GATES if gate.name != "fuzz"),
    Gate("released", "the SDK of the last released contract works with this server", clients.released),
    Gate("packages", "every registry would take its SDK", clients.packages),
    Gate("deprecations", "what is deprecated keeps the day of its end", deprecations),
    Gate("docs", "the changelog tells this contract", docs),
    Gate("security", "packages and actions are pinned", security),
)


def main() -> int:
    """0 where a release may be made."""
    console = Console()
    tools.installed(tools.SPECTRAL)
    outcomes = watch(console, Project(HERE), CHECKS)
    for outcome in outcomes:
        for line in report.details(outcome):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0 if report.passed(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
