"""Walks through the contract: each operation, a request for it, and a workspace in which something is there.

Nothing here names an operation. What others add to the contract is walked too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx

from cloudmetrics.accounts.scopes import SCOPES, expand
from cloudmetrics.platform.database import Database, Transaction
from tests.spec import contract

METHODS = ("get", "put", "post", "patch", "delete")
Identifiers = dict[str, str]


@dataclass(frozen=True)
class Operation:
    """An operation with all that a request for it needs. `file` is a body that is no JSON, with its type."""

    id: str
    method: str
    path: str
    scopes: frozenset[str]
    parameters: tuple[dict[str, Any], ...]
    bodies: tuple[Any, ...]
    file: tuple[str, str] | None = None
    # Which of the limits holds for it.
    window: str = "requests"

    def __str__(self) -> str:
        return self.id

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def query_identifiers(self) -> list[str]:
        """Query parameters that name a thing."""
        return [each["name"] for each in self.parameters if each["in"] == "query" and is_identifier(each)]

    @property
    def body_identifiers(self) -> list[str]:
        """Fields of the body that name a thing, as the examples show them."""
        return sorted({name for body in self.bodies for name, _ in references(body)})

    def is_uuid(self, name: str) -> bool:
        schemas = [resolve(each["schema"]) for each in self.parameters if each["name"] == name]
        return not schemas or schemas[0].get("format") == "uuid"

    def ask(self, known: Identifiers, *, body: int = 0, **query: str) -> dict[str, Any]:
        """A sound request, with these things in its path and its body, for httpx."""
        needed = {
            each["name"]: illustration(each)
            for each in self.parameters
            if each["in"] == "query" and each.get("required")
        }
        request: dict[str, Any] = {
            "method": self.method,
            "url": re.sub(r"\{(\w+)\}", lambda match: known[match[1]], self.path),
            "params": {name: known.get(name, value) for name, value in needed.items()} | query,
        }
        if self.bodies:
            request["json"] = with_references(self.bodies[body], known)
        elif self.file is not None:
            media_type, content = self.file
            request |= {"content": content.encode(), "headers": {"Content-Type": media_type}}
        return request


def operations() -> list[Operation]:
    found = []
    for path, item in bundle()["paths"].items():
        for method in METHODS:
            # What strangers see by a link has tests of its own.
            if method in item and item[method]["security"] != [{"share_link": []}]:
                found.append(read_operation(method, path, item))
    return found


@cache
def bundle() -> dict[str, Any]:
    return contract().bundle


def read_operation(method: str, path: str, item: dict[str, Any]) -> Operation:
    operation = item[method]
    parameters = [resolve(each) for each in [*item.get("parameters", ()), *operation.get("parameters", ())]]
    content = resolve(operation.get("requestBody", {})).get("content", {})
    examples = {
        media_type: [resolve(example)["value"] for example in described.get("examples", {}).values()]
        for media_type, described in content.items()
    }
    bodies = tuple(examples.pop("application/json", ()))
    file = next(((media_type, values[0]) for media_type, values in examples.items()), None)
    scopes = {scope for option in operation["security"] for wanted in option.values() for scope in wanted}
    window = operation.get("x-limit", "requests")
    name, scopes = operation["operationId"], frozenset(scopes)
    return Operation(name, method.upper(), path, scopes, tuple(parameters), bodies, file, window)


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = bundle()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def is_identifier(parameter: dict[str, Any]) -> bool:
    return parameter["name"].endswith("_id")


def illustration(parameter: dict[str, Any]) -> Any:
    """A value that a parameter may have."""
    schema = resolve(parameter["schema"])
    choices = [parameter.get("example"), *schema.get("examples", ()), *schema.get("enum", ()), "1"]
    return next(choice for choice in choices if choice is not None)


def references(body: Any) -> Iterator[tuple[str, Any]]:
    """Fields of a body, however deep, that name something that is there already."""
    if isinstance(body, dict):
        for name, value in body.items():
            if names_a_thing(name, value):
                yield name, value
            yield from references(value)
    elif isinstance(body, list):
        for each in body:
            yield from references(each)


def with_references(body: Any, known: Identifiers) -> Any:
    """A body with other things in the place of those that it names."""
    if isinstance(body, list):
        return [with_references(each, known) for each in body]
    if not isinstance(body, dict):
        return body
    return {
        name: known.get(name, value) if names_a_thing(name, value) else with_references(value, known)
        for name, value in body.items()
    }


def names_a_thing(field_name: str, value: Any) -> bool:
    return field_name.endswith("_id") and is_uuid(value)


def with_suffix(body: Any, suffix: str) -> Any:
    """A body whose freely chosen ids are those of one tenant only."""
    if isinstance(body, dict):
        return {
            name: f"{value}-{suffix}"
            if re.fullmatch(r"(\w+_)?id", name) and isinstance(value, str) and not is_uuid(value)
            else with_suffix(value, suffix)
            for name, value in body.items()
        }
    return [with_suffix(each, suffix) for each in body] if isinstance(body, list) else body


def is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def without(scope: str) -> frozenset[str]:
    """All scopes but this one and those that include it."""
    return frozenset(each for each in SCOPES if scope not in expand({each}))


@dataclass
class Settled:
    """A workspace in which one of everything is there, by the names of the path's parameters."""

    client: httpx.AsyncClient
    suffix: str = field(default_factory=lambda: uuid4().hex[:8])
    known: Identifiers = field(default_factory=dict)

    async def settle(self) -> None:
        """Makes, or finds, a thing for each parameter of each path."""
        waiting = [each for each in operations() if each.method == "POST" and child_of(each.path)]
        while ready := [each for each in waiting if self.is_ready(each)]:
            for operation in ready:
                waiting.remove(operation)
                await self.make(operation)
        for operation in operations():
            if operation.method == "GET":
                await self.find(operation)

    def is_ready(self, operation: Operation) -> bool:
        ours = {name for each in operations() for name in each.path_parameters}
        needed = {*operation.path_parameters, *(set(operation.body_identifiers) & ours)}
        return needed <= set(self.known)

    async def make(self, operation: Operation) -> None:
        for number in range(max(1, len(operation.bodies))):
            request = operation.ask(self.known, body=number)
            if "json" in request:
                request["json"] = with_suffix(request["json"], self.suffix)
            response = await self.client.request(**request)
            if response.status_code in (201, 202):
                self.known[child_of(operation.path)] = response.json()["data"]["id"]
                return

    async def find(self, operation: Operation) -> None:
        """The first of a list, where nothing was made for it."""
        name = child_of(operation.path)
        if not name or name in self.known or not set(operation.path_parameters) <= set(self.known):
            return
        response = await self.client.request(**operation.ask(self.known))
        listed = response.json().get("data") if response.status_code == 200 else None
        if isinstance(listed, list) and listed:
            self.known[name] = listed[0].get(name) or listed[0].get("id")


def child_of(path: str) -> str:
    """The parameter below a list's path, such as website_id below /v1/websites, or nothing."""
    below = [re.fullmatch(re.escape(path) + r"/\{(\w+)\}", other) for other in bundle()["paths"]]
    return next((match[1] for match in below if match), "")


def made_up(operation: Operation, names: list[str]) -> Identifiers:
    """Identifiers of things that never were."""
    return {name: str(uuid4()) if operation.is_uuid(name) else uuid4().hex for name in names}


def told(response: httpx.Response, *identifiers: Identifiers) -> tuple[int, str]:
    """What a response says, without what differs between any two: ids that were asked for, trace, moments."""
    text = re.sub(r'"trace_id":"\w+"|"\w+_at":"[^"]+Z"', "", response.text)
    for value in {value for each in identifiers for value in each.values()}:
        text = text.replace(value, "…")
    return response.status_code, text


def watch(patch: Callable[[str, Any], None]) -> list[str]:
    """The statements that are sent to PostgreSQL from now on, but for what every process asks regularly."""
    seen: list[str] = []

    def note(sql: str) -> None:
        # Who called lately, and how often, is written down now and then, whoever is calling at the moment.
        if not any(each in sql for each in ("access_changes", "SET last_used_at", "request_usage")):
            seen.append(re.sub(r"'[0-9a-f-]{36}'", "…", sql))

    def noting(where: str, texts: Callable[..., list[str]]) -> None:
        """Notes the texts that a method is given, each time before it runs."""
        owner = Database if where.startswith("Database") else Transaction
        name = where.rpartition(".")[2]
        method = getattr(owner, name)

        def noted(self: Any, *arguments: Any, **options: Any) -> Any:
            for text in texts(*arguments, **options):
                note(text)
            return method(self, *arguments, **options)

        patch(f"{owner.__module__}.{where}", noted)

    noting("Database._read", lambda _, sql, *others, **options: [sql])
    noting("Database.transaction", lambda _, first=(): [call.statement.name for call in first])
    noting("Transaction._run", lambda sql, *others: [sql])
    noting("Transaction.call", lambda calls: [call.statement.name for call in calls])
    noting("Transaction.commit", lambda last: [call.statement.name for call in last])
    return seen
