"""What a contract calls deprecated: operations, parameters and fields, since when and until when.

Written in the contract alone, beside `deprecated: true`: `x-deprecated-since` and
`x-sunset`, each a date. A deprecation without a date of its beginning is told nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from cloudmetrics.contract.http import Request
from cloudmetrics.contract.yaml_source import escape

SINCE, SUNSET = "x-deprecated-since", "x-sunset"
METHODS = ("get", "put", "post", "delete", "patch")
ITEMS = "*"
MAX_DEPTH = 12

Node = Mapping[str, Any]
Path = tuple[str, ...]
# References to the schemas in which something is deprecated.
Bearing = frozenset[str]


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Something that ends. `part` is operation, body, answer, or where a parameter is.

    `path` leads to a field through the names of those around it, `*` for whatever a list
    holds; a parameter's is its name alone, and an operation's is empty.
    """

    part: str
    path: Path
    since: date
    sunset: date | None

    @property
    def name(self) -> str:
        """As a person would call it: `filters.country`; nothing for the operation itself."""
        return ".".join(step for step in self.path if step != ITEMS)

    def concerns(self, request: Request, body: Any) -> bool:
        """Whether a request makes use of it. What is in every answer concerns everybody."""
        if self.part == "query":
            asked = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
            return self.path[0] in (name for name, _ in asked)
        if self.part == "header":
            return self.path[0].lower() in request.headers
        return self.part != "body" or _is_there(body, self.path)


def deprecations(bundle: Node) -> dict[str, tuple[Deprecation, ...]]:
    """All that a bundled contract deprecates, by operationId."""
    found = {}
    bearing = _bearing(bundle)
    for reference in bundle.get("paths", {}).values():
        item = _resolve(bundle, reference)
        for method in METHODS:
            if method in item and (ending := tuple(_of_operation(bundle, bearing, item, item[method]))):
                found[item[method]["operationId"]] = ending
    return found


def _of_operation(bundle: Node, bearing: Bearing, item: Node, operation: Node) -> Iterator[Deprecation]:
    yield from _declared(operation, "operation", ())
    for reference in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = _resolve(bundle, reference)
        yield from _declared(parameter, parameter["in"], (parameter["name"],))
    body = _resolve(bundle, operation.get("requestBody", {}))
    yield from dict.fromkeys(_of_content(bundle, bearing, body, "body"))
    answers = (
        _resolve(bundle, answer)
        for status, answer in operation.get("responses", {}).items()
        if status[0] == "2"
    )
    yield from dict.fromkeys(
        each for answer in answers for each in _of_content(bundle, bearing, answer, "answer")
    )


def _of_content(bundle: Node, bearing: Bearing, holder: Node, part: str) -> Iterator[Deprecation]:
    for content in holder.get("content", {}).values():
        yield from _of_schema(bundle, bearing, content.get("schema", {}), part, ())


def _of_schema(bundle: Node, bearing: Bearing, schema: Node, part: str, path: Path) -> Iterator[Deprecation]:
    # A schema that holds itself would go on for ever.
    if len(path) > MAX_DEPTH or not isinstance(schema, Mapping):
        return
    # There are more ways through the schemas than can be walked, and hardly one of them ends here.
    if set(schema) == {"$ref"} and schema["$ref"] not in bearing:
        return
    schema = _resolve(bundle, schema)
    for name, field in schema.get("properties", {}).items():
        yield from _declared(_resolve(bundle, field), part, (*path, name))
        yield from _of_schema(bundle, bearing, field, part, (*path, name))
    if "items" in schema:
        yield from _of_schema(bundle, bearing, schema["items"], part, (*path, ITEMS))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(keyword, ()):
            yield from _of_schema(bundle, bearing, branch, part, path)


def _bearing(bundle: Node) -> Bearing:
    """References to the schemas in which something is deprecated, or that lead to such a one."""
    schemas = bundle.get("components", {}).get("schemas", {})
    reached = {f"#/components/schemas/{escape(name)}": set(_words(node)) for name, node in schemas.items()}
    bearing = {reference for reference, words in reached.items() if SINCE in words}
    grown = True
    while grown:
        more = {reference for reference, words in reached.items() if words & bearing} - bearing
        bearing, grown = bearing | more, bool(more)
    return frozenset(bearing)


def _words(node: Any) -> Iterator[str]:
    """The keys in a schema, however deep, and what it refers to."""
    if isinstance(node, Mapping):
        yield from node
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
    for child in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        yield from _words(child)


def _declared(node: Node, part: str, path: Path) -> Iterator[Deprecation]:
    if node.get("deprecated") and SINCE in node:
        yield Deprecation(part, path, _date(node[SINCE]), _date(node[SUNSET]) if SUNSET in node else None)


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _resolve(bundle: Node, node: Node) -> Node:
    """The object itself; what stands beside a reference overrides what it leads to."""
    while "$ref" in node:
        target: Any = bundle
        for token in node["$ref"].split("/")[1:]:
            target = target[token.replace("~1", "/").replace("~0", "~")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _is_there(value: Any, path: Path) -> bool:
    if not path:
        return True
    if path[0] == ITEMS:
        return isinstance(value, list) and any(_is_there(each, path[1:]) for each in value)
    return isinstance(value, dict) and path[0] in value and _is_there(value[path[0]], path[1:])
