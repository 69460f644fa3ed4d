"""Fuzz: Schemathesis, in all its phases and with each kind of credential, against a live server."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from cloudmetrics.gates import tools
from cloudmetrics.gates.live import Live, serving
from cloudmetrics.gates.models import Finding, GateBroken, NothingToDo, Project, Result

# Tells our hooks what the credential may do.
GRANTED = "CLOUDMETRICS_FUZZ_SCOPES"
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
PHASES = "examples,coverage,fuzzing,stateful"
# Replaced by one of ours; see fuzz_hooks.py.
REPLACED = "positive_data_acceptance"
# What Schemathesis exits with when it has looked: 0 without failures, 1 with.
LOOKED = (0, 1)
CURE = "mend the handler or the contract; the curl line repeats it"
# The credential that may do everything gets most of the time, the others look for what they should not get.
SHARES = {"full": 0.6, "read": 0.15, "ingest": 0.1, "none": 0.15}
OVERTIME = 120
CURL = re.compile(r"curl -X (?P<method>[A-Z]+) .*")


def look(project: Project) -> Result:
    """Raises NothingToDo where no time is given, GateBroken."""
    if not project.fuzz_seconds:
        raise NothingToDo("no time was given to it (FUZZ=300 gives 300 s)")
    findings: list[Finding] = []
    with serving(project) as live:
        shares = {kind: share for kind, share in SHARES.items() if kind in live.headers}
        for kind, share in shares.items():
            seconds = max(5, round(project.fuzz_seconds * share / sum(shares.values())))
            findings += attack(project, live, kind, seconds)
    return Result(tuple(dict.fromkeys(findings)), f"{project.fuzz_seconds} s, as {', '.join(shares)}")


def attack(project: Project, live: Live, kind: str, seconds: int) -> Iterator[Finding]:
    """The failures of one run with one kind of credential. Raises GateBroken."""
    report = project.artefacts / f"fuzz-{kind}.xml"
    report.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", project.bundle_file, "--url", live.url),
        *("--phases", PHASES, "--exclude-checks", REPLACED, "--max-time", seconds, "--continue-on-failure"),
        *("--no-color", "--report-junit-path", report),
    ]
    for name, value in live.headers[kind].items():
        command += ["--header", f"{name}: {value}"]
    environ = os.environ | {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "PYTHONPATH": str(tools.HOME),
        GRANTED: " ".join(sorted(live.scopes[kind])),
    }
    finished = tools.run(list(map(str, command)), seconds + OVERTIME, environ)
    (project.artefacts / f"fuzz-{kind}.txt").write_text(finished.stdout + finished.stderr, encoding="utf-8")
    if finished.returncode not in LOOKED or not report.exists():
        raise GateBroken(
            f"Schemathesis could not work: {(finished.stderr or finished.stdout).strip()[-500:]}"
        )
    yield from failures(project, report, kind)


def failures(project: Project, report: Path, kind: str) -> Iterator[Finding]:
    """Schemathesis' failures, each at the operation that it met."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - it was made a moment ago.
        for failure in (*case.iter("failure"), *case.iter("error")):
            text = f"{failure.get('message') or ''}\n{failure.text or ''}"
            method, _, path = (case.get("name") or "").partition(" ")
            title = next(
                (line.strip("- ") for line in text.splitlines() if line.startswith("- ")), text.strip()[:200]
            )
            curl = next(iter(CURL.findall(text)), "") and CURL.search(text)
            repeat = curl.group(0)[:400] if curl else ""
            where = project.contract.sources.where(["paths", path, method.lower()] if path else [])
            yield Finding(
                where,
                "fuzz",
                f"{case.get('name')}, as {kind}: {title}",
                f"{CURE}: {repeat}" if repeat else CURE,
            )
