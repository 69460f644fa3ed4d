"""Breaking: what a change of the contract does to those who use the last released one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import yaml

from cloudmetrics.contract.yaml_source import positions
from cloudmetrics.gates import tools
from cloudmetrics.gates.models import Finding, GateBroken, NothingToDo, Project, Result
from cloudmetrics.gates.sdk_names import sdk_method

RELEASED = "spec/released"
ALLOWED = f"{RELEASED}/allowed-breaks.yaml"
CURE = (
    "keep what was promised and mark it deprecated, or list the break in "
    f"{ALLOWED} with a reason and the day until which it is allowed"
)
# oasdiff's levels: 1 informs, 2 warns, 3 is an error.
INFORMS = 1
# We judge this ourselves, additions included.
JUDGED_HERE = "api-version-not-bumped"


@dataclass(frozen=True, slots=True)
class Change:
    """A difference to the released contract, as oasdiff tells it."""

    rule: str
    breaks: bool
    operation: str  # GET /v1/websites, or empty where it touches all
    method: str  # the SDK's method, or empty
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """A break that somebody answers for: which rule, where, why, and until when."""

    rule: str
    operation: str
    reason: str
    until: date
    place: str

    def covers(self, change: Change) -> bool:
        """Without an operation it covers all of them: what they share is often written once."""
        return self.rule == change.rule and self.operation in ("", change.operation)


def look(project: Project, today: date | None = None) -> Result:
    """Raises NothingToDo before the first release, GateBroken."""
    released = last_released(project.root)
    changes = list(compare(project, released))
    allowed = list(allowances(project.root))
    now = today or date.today()
    broken = [
        change
        for change in changes
        if change.breaks and not any(each.covers(change) and now <= each.until for each in allowed)
    ]
    findings = list(_one_per_cause(broken))
    findings += _idle(allowed, changes)
    findings += _version(project, released, changes)
    note = f"{len(changes)} changes since {released.stem}, {sum(change.breaks for change in changes)} break"
    return Result(tuple(findings), note, report(released.stem, changes))


def last_released(root: Path) -> Path:
    """The newest contract in spec/released. Raises NothingToDo."""
    files = sorted((root / RELEASED).glob("*.json"), key=lambda path: version(path.stem))
    if not files:
        raise NothingToDo(f"no contract was released yet; {RELEASED}/ is empty")
    return files[-1]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-", maxsplit=1)[0].split("."))


def compare(project: Project, released: Path) -> Iterator[Change]:
    """Raises GateBroken."""
    bundle = project.bundle_file
    options = ("--format", "json", "--flatten-allof")
    finished = tools.run([tools.installed(tools.OASDIFF), "changelog", released, bundle, *options])
    try:
        found: list[dict[str, Any]] = orjson.loads(finished.stdout or "[]")
    except ValueError:
        raise GateBroken(f"oasdiff could not compare: {finished.stderr.strip()[-500:]}") from None
    if finished.returncode != 0:
        raise GateBroken(f"oasdiff could not compare: {finished.stderr.strip()[-500:]}")
    lines = _pointers_by_line(bundle)
    methods = {f"{verb.upper()} {path}": sdk_method(each) for verb, path, each in project.operations()}
    for each in (each for each in found if each["id"] != JUDGED_HERE):
        operation = f"{each['operation']} {each['path']}" if each.get("operation") else ""
        yield Change(
            rule=each["id"],
            breaks=each["level"] > INFORMS,
            operation=operation,
            method=methods.get(operation, ""),
            text=each["text"],
            where=_where(project, each, lines),
        )


def allowances(root: Path) -> Iterator[Allowance]:
    """Raises GateBroken where the list cannot be read."""
    path = root / ALLOWED
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    places = positions(text)
    try:
        for index, each in enumerate(yaml.safe_load(text) or []):
            line, column = places.get(f"/{index}", (1, 1))
            until = each["until"] if isinstance(each["until"], date) else date.fromisoformat(each["until"])
            place = f"{ALLOWED}:{line}:{column}"
            yield Allowance(each["rule"], each.get("operation", ""), each["reason"], until, place)
    except (KeyError, TypeError, ValueError) as error:
        raise GateBroken(f"{ALLOWED}: each entry needs rule, operation, reason and until ({error})") from None


def report(since: str, changes: list[Change]) -> str:
    """All changes for a reviewer, those that break first, each with the SDK method that it reaches."""
    if not changes:
        return f"Nothing changed since {since}.\n"
    rows = sorted(changes, key=lambda change: (not change.breaks, change.operation, change.rule))
    lines = ["| | operation | SDK method | change |", "|---|---|---|---|"]
    for change in rows:
        mark = "**breaks**" if change.breaks else ""
        method = f"`client.{change.method}`" if change.method else ""
        text = change.text.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {mark} | {change.operation} | {method} | {text} |")
    return "\n".join(lines) + "\n"


def _one_per_cause(broken: list[Change]) -> Iterator[Finding]:
    """A finding per line of the contract and rule, however many operations share that line."""
    by_cause: dict[tuple[str, str], list[Change]] = {}
    for change in broken:
        by_cause.setdefault((change.where, change.rule), []).append(change)
    for (where, rule), changes in by_cause.items():
        more = f", and {len(changes) - 1} more like it" if len(changes) > 1 else ""
        yield Finding(where, rule, f"{changes[0].operation}: {changes[0].text}{more}", CURE)


def _idle(allowed: list[Allowance], changes: list[Change]) -> Iterator[Finding]:
    for each in allowed:
        if not any(each.covers(change) for change in changes):
            cause = f"{each.rule} of {each.operation or 'the contract'} is allowed, but nothing breaks so"
            yield Finding(each.place, "idle-allowance", cause, "delete the entry")


def _version(project: Project, released: Path, changes: list[Change]) -> Iterator[Finding]:
    here, there = version(project.contract.version), version(released.stem)
    if changes and here <= there:
        cause = f"the contract differs from {released.stem}, and still says {project.contract.version}"
        cure = f"raise info.version to {there[0]}.{there[1] + 1}.0"
        yield Finding(project.contract.sources.where(["info", "version"]), "version", cause, cure)


def _pointers_by_line(bundle: Path) -> dict[int, list[str | int]]:
    """Line → path of the deepest value that begins there."""
    text = bundle.read_text(encoding="utf-8")
    found: dict[int, list[str | int]] = {}
    for pointer, (line, _) in positions(text).items():
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
        found[line] = [int(token) if token.isdecimal() else token for token in tokens]
    return found


def _where(project: Project, found: dict[str, Any], lines: dict[int, list[str | int]]) -> str:
    """Where it is written, or where the nearest of what is left of it is."""
    line = found.get("revisionSource", {}).get("line")
    path = lines.get(line) if line else None
    if path is None and found.get("operation"):
        path = ["paths", found["path"], found["operation"].lower()]
    return project.contract.sources.where(path or [])
