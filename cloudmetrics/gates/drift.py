"""Drift: the contract's operations, the handlers, the SDKs and the tables of both are the same ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cloudmetrics.gates import authorization, coverage
from cloudmetrics.gates.models import Finding, Project, Result
from cloudmetrics.gates.sdk import MANIFEST, manifest
from cloudmetrics.gates.sdk_names import sdk_method

# Module and function of a handler.
Name = tuple[str, str]
# operationId → method, path, operation.
Operations = Mapping[str, tuple[str, str, dict[str, Any]]]


def look(project: Project) -> Result:
    operations = {
        operation["operationId"]: (method, path, operation)
        for method, path, operation in project.operations()
    }
    wanted = {
        (module_of(operation["tags"][0]), operation_id.replace("-", "_")): operation_id
        for operation_id, (_, _, operation) in operations.items()
    }
    found = dict(handlers(project.root / "handlers"))
    findings = [*_missing(project, operations, wanted, found), *_left_over(wanted, found)]
    findings += [*_same_names(project, operations), *_no_method(project, operations)]
    findings += [*_unwritten(project, wanted), *authorization.drifted(project), *coverage.drifted(project)]
    return Result(tuple(findings), f"{len(wanted)} operations, {len(found)} handlers")


def module_of(tag: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", tag.lower()).strip("_")


def handlers(folder: Path) -> Iterator[tuple[tuple[str, str], int]]:
    """((module, function), line) of every public function that is a handler."""
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and not node.name.startswith("_"):
                yield (path.stem, node.name), node.lineno


def _missing(
    project: Project, operations: Operations, wanted: Mapping[Name, str], found: Mapping[Name, int]
) -> Iterator[Finding]:
    for (module, function), operation_id in wanted.items():
        if (module, function) not in found:
            method, path, _ = operations[operation_id]
            where = project.contract.sources.where(["paths", path, method, "operationId"])
            cause = f"{operation_id} has no handler"
            yield Finding(
                where, "handler", cause, f"write {function} in handlers/{module}.py (make scaffold does)"
            )


def _unwritten(project: Project, wanted: Mapping[Name, str]) -> Iterator[Finding]:
    """Handlers that are there, and only raise NotImplementedError."""
    for path in sorted((project.root / "handlers").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            name = path.stem, getattr(node, "name", "")
            if name in wanted and any(map(_raises_not_implemented, getattr(node, "body", ()))):
                cause = f"the handler of {wanted[name]} is not written yet"
                where = f"handlers/{path.name}:{node.lineno}:1"
                yield Finding(where, "handler", cause, "write what it does in the place of its raise")


def _raises_not_implemented(statement: ast.stmt) -> bool:
    raised = statement.exc if isinstance(statement, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _left_over(wanted: Mapping[Name, str], found: Mapping[Name, int]) -> Iterator[Finding]:
    for (module, function), line in found.items():
        if (module, function) not in wanted:
            cause = f"{function} is no operation of the contract"
            yield Finding(
                f"handlers/{module}.py:{line}:1", "handler", cause, "delete it, or begin its name with _"
            )


def _same_names(project: Project, operations: Operations) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for operation_id, (method, path, operation) in operations.items():
        name = sdk_method(operation)
        if name in taken:
            where = project.contract.sources.where(["paths", path, method, "operationId"])
            cause = f"{operation_id} and {taken[name]} would both be client.{name}"
            yield Finding(where, "sdk-name", cause, "give one of them another operationId")
        taken.setdefault(name, operation_id)


def _no_method(project: Project, operations: Operations) -> Iterator[Finding]:
    """Where SDKs are made, each operation has its method in them, and no method is left over."""
    if (noted := manifest(project.root)) is None:
        return
    methods = dict(noted["methods"])
    for method, path, operation in operations.values():
        if methods.pop(name := sdk_method(operation), None) is None:
            where = project.contract.sources.where(["paths", path, method, "operationId"])
            yield Finding(where, "sdk-method", f"the SDKs have no client.{name} yet", "run `make sdks`")
    for name in methods:
        cause = f"the SDKs have client.{name}, which is no operation of the contract"
        yield Finding(f"{MANIFEST}:1:1", "sdk-method", cause, "run `make sdks`")
