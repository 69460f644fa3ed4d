"""Coverage: which status and error code of which operation the tests have seen, and which they have not.

tests/coverage.yaml says so, operation by operation. What is untested there may only
become less; `make tables` writes the file anew from what the tests saw since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from cloudmetrics.gates.models import Finding, Project

FILE = "tests/coverage.yaml"
# What tests have seen in this checkout, however few of them ran at a time.
SEEN = "build/tests/seen.json"
CURE = "run the tests of the operation, and then `make tables`"
UNSEEN = """\
No test sees these answers any more, though tests/coverage.yaml says so. Where a test of the operation
was changed, taken away or left out, bring back what it saw. Where nobody shall look at the answer from
now on, move it there from `tested` to `untested`.
"""
HEADER = """\
# Which answers of which operation the tests have seen: a status, or a status with the code of its
# problem where the operation's description names that code. `make tables` writes this file; what is
# untested may only become less, and the end of `make test` compares it with what was seen.
"""
CODE = re.compile(r"`([A-Z][A-Z0-9_]+)`")

# An operation's answers, such as "200" and "409 NAME_TAKEN".
Answers = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """The committed file: what of each operation is tested, and what is not."""

    tested: Answers
    untested: Answers

    def of(self, operation: str) -> frozenset[str]:
        return self.tested.get(operation, frozenset()) | self.untested.get(operation, frozenset())


def promised(project: Project) -> Answers:
    """What the contract says that each operation may answer. Raises ContractInvalid."""
    status_of = _statuses(project.root)
    found: dict[str, frozenset[str]] = {}
    for _, _, operation in project.operations():
        statuses = {str(status) for status in operation["responses"]}
        named = {code for code in CODE.findall(operation.get("description", "")) if code in status_of}
        codes = {f"{status_of[code]} {code}" for code in named if status_of[code] in statuses}
        found[operation["operationId"]] = frozenset(statuses | codes)
    return found


def _statuses(root: Path) -> dict[str, str]:
    """Error code → status, by the registry."""
    path = root / "spec" / "errors.yaml"
    registry = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return {each["code"]: str(each["status"]) for each in registry}


def read(root: Path) -> Table | None:
    """The committed table, if there is one."""
    path = root / FILE
    if not path.exists():
        return None
    listed: dict[str, dict[str, list[Any]]] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    tested = {name: frozenset(map(str, each.get("tested", ()))) for name, each in listed.items()}
    untested = {name: frozenset(map(str, each.get("untested", ()))) for name, each in listed.items()}
    return Table(tested, untested)


def written(table: Table) -> str:
    """The table as its file has it."""
    lines = [HEADER]
    for name in sorted({*table.tested, *table.untested}):
        lines.append(f"{name}:\n")
        for kind, answers in (("tested", table.tested), ("untested", table.untested)):
            if answers.get(name):
                lines.append(f"  {kind}: [{', '.join(sorted(answers[name]))}]\n")
    return "".join(lines)


def renewed(promise: Answers, before: Table, seen: Answers) -> Table:
    """The table after some tests ran: what they saw is tested, and what is new and unseen is untested."""
    tested = {
        name: answers & (before.tested.get(name, frozenset()) | seen.get(name, frozenset()))
        for name, answers in promise.items()
    }
    return Table(tested, {name: answers - tested[name] for name, answers in promise.items()})


def grown(before: Table, after: Table) -> list[str]:
    """What is untested now and was not before: `operation answer`."""
    return sorted(
        f"{name} {answer}"
        for name, answers in after.untested.items()
        for answer in answers - before.untested.get(name, frozenset())
    )


def drifted(project: Project) -> Iterator[Finding]:
    """Where the table speaks of another contract than this one."""
    table = read(project.root)
    if table is None:
        return
    promise = promised(project)
    for name in sorted(set(promise) | set(table.tested)):
        if promise.get(name, frozenset()) != table.of(name):
            what = "is not in the table" if name not in table.tested else "has other answers in the table"
            what = "is no operation of the contract any more" if name not in promise else what
            yield Finding(f"{FILE}:{_line(project.root, name)}:1", "coverage", f"{name} {what}", CURE)


def judged(root: Path, seen: Answers) -> list[str]:
    """What a run of all tests says of the table; empty where it is true."""
    table = read(root)
    if table is None:
        return []
    # What is seen beyond the table does no harm: `make tables` adds it when it is run the next time.
    return [
        f"{name} {each}: no test sees it any more"
        for name in sorted(table.tested)
        for each in sorted(table.tested[name] - seen.get(name, frozenset()))
    ]


def _line(root: Path, name: str) -> int:
    lines = (root / FILE).read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line == f"{name}:"), 1)


def seen_before(root: Path) -> Answers:
    """What the tests of this checkout have seen so far."""
    path = root / SEEN
    known = orjson.loads(path.read_bytes()) if path.exists() else {}
    return {name: frozenset(answers) for name, answers in known.items()}


def remember(root: Path, seen: Answers) -> None:
    """Adds what was seen to what was seen before."""
    before = seen_before(root)
    whole = {
        name: sorted(before.get(name, frozenset()) | seen.get(name, frozenset()))
        for name in sorted({*before, *seen})
    }
    path = root / SEEN
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))
