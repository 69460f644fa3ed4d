"""Fuzz: Schemathesis, in all its phases and with each kind of credential, against a live server."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import orjson

from cloudmetrics.gates import tools
from cloudmetrics.gates.credentials import Credential
from cloudmetrics.gates.live import serving
from cloudmetrics.gates.models import Finding, GateBroken, NothingToDo, Project, Result

# Tells our hooks with which credentials requests go out, as JSON.
CREDENTIALS = "CLOUDMETRICS_FUZZ_CREDENTIALS"
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
CONFIGURATION = Path(__file__).with_name("fuzz.toml")
PHASES = "examples,coverage,fuzzing,stateful"
# Replaced by one of ours; see fuzz_hooks.py.
REPLACED = "positive_data_acceptance"
# A person's token ends with their membership, and nothing but 401 came after that.
LEFT_OUT = "leave-team"
# What Schemathesis exits with when it has looked: 0 without failures, 1 with.
LOOKED = (0, 1)
CURE = "mend the handler or the contract"
# A key that may do everything comes far. All other kinds go in turn, and look for what they should not get.
MOST, SHARE = "full", 0.6
OVERTIME = 120
OURS = "Custom check failed"
CURL = re.compile(r"curl -X (?P<method>[A-Z]+) .*https?://[^/]+(?P<path>/[^?'\s]*).*")
# Our hooks mark each request with the kind of its credential.
KIND = re.compile(r"-H 'Fuzzed-As: (\w+)'")


def look(project: Project) -> Result:
    """Raises NothingToDo where no time is given, GateBroken."""
    if not project.fuzz_seconds:
        raise NothingToDo("no time was given to it (FUZZ=300 gives 300 s)")
    seed = secrets.randbelow(2**32) if project.fuzz_seed is None else project.fuzz_seed
    findings: list[Finding] = []
    # Limits would answer nearly all of it; they have tests of their own.
    with serving(project, limited=False) as live:
        others = {kind: each for kind, each in live.credentials.items() if kind != MOST}
        for name, credentials, share in (
            (MOST, {MOST: live.credentials[MOST]}, SHARE),
            ("others", others, 1 - SHARE),
        ):
            seconds = max(5, round(project.fuzz_seconds * share))
            options = ("--url", live.url, "--max-time", str(seconds), "--seed", str(seed))
            findings += attack(project, name, credentials, options, seconds + OVERTIME)
        kinds = ", ".join(live.credentials)
    return Result(tuple(dict.fromkeys(findings)), f"{project.fuzz_seconds} s as {kinds}; SEED={seed}")


def attack(
    project: Project,
    name: str,
    credentials: Mapping[str, Credential],
    options: Sequence[str],
    timeout: float,
) -> Iterator[Finding]:
    """The failures of one run, in which some credentials take turns. Raises GateBroken."""
    report = project.artefacts / f"fuzz-{name}.xml"
    report.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
        *("run", str(project.bundle_file), *options),
        *("--phases", PHASES, "--exclude-checks", REPLACED, "--continue-on-failure"),
        *("--exclude-operation-id", LEFT_OUT, "--no-color", "--report-junit-path", str(report)),
    ]
    environ = os.environ | {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "PYTHONPATH": str(tools.HOME),
        CREDENTIALS: orjson.dumps(
            {kind: asdict(each) for kind, each in credentials.items()}, default=sorted
        ).decode(),
    }
    finished = tools.run(command, timeout, environ)
    (project.artefacts / f"fuzz-{name}.txt").write_text(finished.stdout + finished.stderr, encoding="utf-8")
    if finished.returncode not in LOOKED or not report.exists():
        raise GateBroken(
            f"Schemathesis could not work: {(finished.stderr or finished.stdout).strip()[-500:]}"
        )
    yield from failures(project, report)


def failures(project: Project, report: Path) -> Iterator[Finding]:
    """Schemathesis' failures, each at the operation that it met."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - it was made a moment ago.
        name = case.get("name") or ""
        for failure in (*case.iter("failure"), *case.iter("error")):
            text = f"{failure.get('message') or ''}\n{failure.text or ''}"
            kind = KIND.search(text)
            cause = f"{name}{f', as {kind[1]}' if kind else ''}: {title(text)}"
            yield Finding(place(project, name, text), "fuzz", cause, f"{CURE}; {repeated(text, report)}")


def place(project: Project, name: str, text: str) -> str:
    """Where the operation is written; of several steps, that of the last one."""
    method, _, path = name.partition(" ")
    if path not in project.contract.bundle["paths"] and (steps := list(CURL.finditer(text))):
        method, path = steps[-1]["method"], steps[-1]["path"]
    for verb, template, _ in project.operations():
        url = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if verb == method.lower() and (template == path or re.fullmatch(url, path)):
            return project.contract.sources.where(["paths", template, verb])
    return project.contract.sources.where([])


def repeated(text: str, report: Path) -> str:
    """How to see it again."""
    steps = [step[0] for step in CURL.finditer(text)]
    if len(steps) == 1:
        return f"this repeats it: {steps[0][:400]}"
    return f"see {report.parent.parent.name}/{report.parent.name}/{report.stem}.txt for what repeats it"


def title(text: str) -> str:
    """The name of a failure; a check of ours is known by what it says, which follows its name."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [number for number, line in enumerate(lines) if line.startswith("- ")]
    if not named:
        return text.strip()[:200]
    name, *more = lines[named[0] :]
    return more[0][:300] if OURS in name and more else name.strip("- ")
