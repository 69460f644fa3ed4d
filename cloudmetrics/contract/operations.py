"""The operations of a contract, as its documents declare them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cloudmetrics.contract.documents import Documents, Place, Unresolvable
from cloudmetrics.contract.parameters import (
    DEFAULT_STYLES,
    IGNORED_HEADERS,
    STYLES,
    Parameter,
    with_arguments,
)
from cloudmetrics.contract.routing import VARIABLE
from cloudmetrics.contract.structure import METHODS

Requirements = list[dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `security` is its own, or the contract's; `extensions` are its `x-` fields."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    place: Place
    security: Requirements
    parameters: tuple[Parameter, ...]
    extensions: Mapping[str, Any]
    deprecated: bool = False

    # The names under which Connexion's resolvers know these.
    @property
    def operation_id(self) -> str:
        return self.id

    @property
    def router_controller(self) -> None:
        return None


def base_paths(documents: Documents) -> list[str]:
    """The distinct paths of the contract's servers, without a slash at the end."""
    servers = documents.at(documents.root).get("servers") or [{"url": ""}]
    paths = []
    for server in servers:
        variables = {name: value["default"] for name, value in server.get("variables", {}).items()}
        url = server["url"]
        for name, value in variables.items():
            url = url.replace(f"{{{name}}}", str(value))
        paths.append(urlsplit(url).path.rstrip("/"))
    return list(dict.fromkeys(paths))


def read_operations(documents: Documents) -> list[Operation]:
    """Every operation, in the contract's order. What is unsound becomes a finding."""
    root = documents.at(documents.root)
    operations = []
    for path in root.get("paths") or {}:
        place = documents.root / "paths" / path
        try:
            # A path item that refers to a file may have fields of its own, and they come first.
            items = documents.chain(place)
        except Unresolvable:
            continue  # Found already, when the documents were walked.
        for method in METHODS:
            holder = next((i for i in items if isinstance(documents.at(i).get(method), dict)), None)
            if holder is not None:
                operations.append(_operation(documents, root, path, method, holder, items))
    _check_unique(documents, operations)
    return operations


def _operation(
    documents: Documents,
    root: Mapping[str, Any],
    path: str,
    method: str,
    holder: Place,
    items: Sequence[Place],
) -> Operation:
    place = holder / method
    node = documents.at(place)
    # The nearer declaration wins: the operation's, then the path item's, then that of what it refers to.
    declared: dict[tuple[str, str], Parameter] = {}
    for at in (*reversed(items), place):
        declared |= {(p.location, p.name): p for p in _parameters(documents, at)}
    if not isinstance(node.get("operationId"), str):
        documents.find(place, "the operation has no operationId", "name it, as in `operationId: list-things`")
    _check_path(documents, path, place, list(declared.values()))
    return Operation(
        id=str(node.get("operationId", "")),
        method=method.upper(),
        path=path,
        tag=(node.get("tags") or ["default"])[0],
        summary=str(node.get("summary", "")),
        place=place,
        security=node.get("security", root.get("security", [])),
        parameters=with_arguments(declared.values()),
        extensions={key: value for key, value in node.items() if key.startswith("x-")},
        deprecated=bool(node.get("deprecated")),
    )


def _parameters(documents: Documents, holder: Place) -> Iterator[Parameter]:
    """The parameters that one place declares, without those that OpenAPI says to ignore."""
    seen: set[tuple[str, str]] = set()
    for index in range(len(documents.at(holder).get("parameters") or [])):
        try:
            place = documents.follow(holder / "parameters" / index)
        except Unresolvable:
            continue
        node = documents.at(place)
        location, name = node.get("in"), node.get("name")
        if not isinstance(name, str):
            continue  # Found already, with all other fields that are missing.
        if location not in STYLES:
            documents.find(place, "`in` is none of path, query, header, cookie", "say where it is")
        elif node.get("style", DEFAULT_STYLES[location]) not in STYLES[location]:
            allowed = ", ".join(STYLES[location])
            documents.find(
                place / "style",
                f"the style {node['style']} is none for a {location} parameter",
                f"write {allowed}",
            )
        elif (location, name) in seen:
            documents.find(
                holder / "parameters" / index,
                f"the {location} parameter {name} is declared twice",
                "take one of them out",
            )
        elif not (location == "header" and name.lower() in IGNORED_HEADERS):
            seen.add((location, name))
            yield Parameter.parse(node, place)


def _check_path(documents: Documents, path: str, place: Place, declared: list[Parameter]) -> None:
    in_url = set(VARIABLE.findall(path))
    in_list = {p.name for p in declared if p.location == "path"}
    if not path.startswith("/") or re.search(r"[?#]", path):
        documents.find(place, f"the path {path} is no path", "begin it with /, without ? and #")
    for name in sorted(in_url - in_list):
        documents.find(
            place, f"the path's variable {{{name}}} is not declared", "declare it, with `in: path`"
        )
    for name in sorted(in_list - in_url):
        documents.find(place, f"the path parameter {name} is not in the path {path}", "rename one of them")


def _check_unique(documents: Documents, operations: list[Operation]) -> None:
    seen: dict[str, Operation] = {}
    for operation in operations:
        first = seen.setdefault(operation.id, operation)
        if first is not operation and operation.id:
            documents.find(
                operation.place / "operationId",
                f"the operationId {operation.id} is taken by {documents.where(first.place)}",
                "choose another one",
            )
