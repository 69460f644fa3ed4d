"""What gates look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from cloudmetrics.contract import Contract

BUILD = "build/contract"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to say no: `file:line:column`, the rule that it breaks, its cause and its cure."""

    where: str
    rule: str
    cause: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.cause} [{self.rule}]; {self.cure}"


class Verdict(StrEnum):
    PASSED = "PASSED"
    FAILED = "FAILED"
    # The gate itself could not do its work: a tool is missing, or crashed.
    BROKEN = "BROKEN"
    # There is nothing yet that this gate could look at; the note says what.
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Result:
    """What a gate found, and a line on what it looked at. `report` is Markdown for a reviewer."""

    findings: tuple[Finding, ...] = ()
    note: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A gate's verdict, and how long it took in seconds."""

    gate: Gate
    verdict: Verdict
    seconds: float
    result: Result


class GateBroken(Exception):
    """A gate could not do its work. The message says what is missing or went wrong, and the cure."""


class NothingToDo(Exception):
    """There is nothing yet that the gate could look at. The message says what is missing."""


@dataclass(frozen=True)
class Project:
    """A folder that holds a contract and what goes with it, as this repository does."""

    root: Path
    # How long fuzzing may take; 0 leaves it out.
    fuzz_seconds: int = 0
    # What repeats an earlier run of it.
    fuzz_seed: int | None = None
    artefacts: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "artefacts", self.root / BUILD)

    @cached_property
    def contract(self) -> Contract:
        """Raises ContractInvalid."""
        return Contract.load(self.root / "spec" / "openapi.yaml")

    @cached_property
    def bundle_file(self) -> Path:
        """The bundle as a file for tools that read one. Raises ContractInvalid."""
        self.artefacts.mkdir(parents=True, exist_ok=True)
        path = self.artefacts / "openapi.json"
        path.write_bytes(orjson.dumps(self.contract.bundle, option=orjson.OPT_INDENT_2))
        return path

    def operations(self) -> Iterable[tuple[str, str, dict[str, Any]]]:
        """(method, path, operation) of each, with the parameters of its path. Raises ContractInvalid."""
        for path, item in self.contract.bundle["paths"].items():
            for method in ("get", "put", "post", "delete", "patch"):
                if method in item:
                    shared = {"parameters": item.get("parameters", []) + item[method].get("parameters", [])}
                    yield method, path, item[method] | shared

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """What a node of the bundle stands for, past its references."""
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = self.contract.bundle["components"][kind][name]
        return node


@dataclass(frozen=True, slots=True)
class Gate:
    """Something to look at before a change may pass. `look` raises GateBroken and NothingToDo."""

    name: str
    purpose: str
    look: Callable[[Project], Result]
