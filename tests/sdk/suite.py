"""Reads the cases, and puts the contract's own examples where they ask for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cloudmetrics.gates.models import Project
from cloudmetrics.sdks import examples
from cloudmetrics.sdks.bundle import for_clients
from cloudmetrics.sdks.description import Description, Gives, Method, describe

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Small pauses, since nobody waits for anything real.
DEFAULT_CLIENT: dict[str, Any] = {
    "api_key": "cm_test_suite",
    "timeout": 5.0,
    "max_retries": 2,
    "retry_delay": 0.01,
}
STEP = ("call", "with", "do", "take", "gives", "fails", "save", "as")


@dataclass(frozen=True, slots=True)
class Case:
    """What is done, what must be seen, and what must come of it; see README.md."""

    name: str
    steps: tuple[dict[str, Any], ...]
    client: dict[str, Any]
    server: tuple[dict[str, Any], ...] = ()
    wire: tuple[dict[str, Any], ...] | None = None
    requests: int | None = None
    live: bool = False
    says: str = field(default="")


@cache
def contract() -> Description:
    return describe(for_clients(Project(ROOT).contract.bundle))


@cache
def cases() -> tuple[Case, ...]:
    """All of them: those that are written down, and one for each operation of the contract."""
    written = [
        case(entry)
        for path in sorted(CASES.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text("utf-8"))
    ]
    found = (*written, *(operation_case(method) for method in contract().methods))
    if len({each.name for each in found}) < len(found):
        raise ValueError("two cases have one name")
    return found


def case(entry: Mapping[str, Any]) -> Case:
    """A case as it is written down. Raises ValueError for words that no case has."""
    rest = dict(entry)
    steps = rest.pop("steps", None) or [{key: rest.pop(key) for key in STEP if key in rest}]
    client = DEFAULT_CLIENT | rest.pop("client", {})
    if "client_id" in client:
        client.pop("api_key")
    server = tuple(exchange(each) for each in rest.pop("server", ()) for _ in range(each.get("times", 1)))
    wire = rest.pop("wire", None)
    known = {"name", "says", "requests", "live"}
    if unknown := set(rest) - known:
        raise ValueError(f"{entry['name']}: no case has {unknown}")
    return Case(
        steps=tuple(steps), client=client, server=server, wire=None if wire is None else tuple(wire), **rest
    )


def exchange(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the server does about one request, with its body as bytes, `chunks` of them or one."""
    made = dict(entry)
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    if "example" in made:
        method = method_of(made.pop("example"))
        made["status"], made["json"] = made.get("status", success(method)), example(method)
    if "problem" in made:
        problem = made.pop("problem")
        headers["Content-Type"] = "application/problem+json"
        made["status"] = problem["status"]
        made["json"] = {
            "type": f"https://api.cloudmetrics.example/docs/errors/{problem['code'].lower()}",
            "title": "It is wrong",
            "detail": "It is wrong this time.",
            "instance": "/v1/x",
            "trace_id": TRACE,
        } | problem
    if "json" in made:
        body = deepcopy(made.pop("json"))
        for pointer, value in made.pop("set", {}).items():
            change(body, pointer, value)
        for pointer in made.pop("remove", ()):
            change(body, pointer, ...)
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
        made["chunks"] = [json.dumps(body)]
    elif "text" in made:
        made["chunks"] = [made.pop("text")]
    made["headers"] = {
        name: value for name, value in (headers | made.get("headers", {})).items() if value is not None
    }
    return made


def change(body: Any, pointer: str, value: Any) -> None:
    """Sets what a JSON Pointer leads to, or removes it where the value is `...`."""
    *way, last = pointer.strip("/").split("/")
    for name in way:
        body = body[int(name)] if isinstance(body, list) else body[name]
    if value is ...:
        del body[last]
    elif isinstance(body, list):
        body[int(last)] = value
    else:
        body[last] = value


def method_of(name: str) -> Method:
    """The method that the SDKs call so."""
    return next(method for method in contract().methods if method.full_name == name)


def success(method: Method) -> int:
    return examples.status(contract(), method)


def example(method: Method) -> Any:
    """The first example of the operation's good answer."""
    return examples.answer(contract(), method)


def operation_case(method: Method) -> Case:
    """The case of an operation: its example is sent as it should be, and its answer's example comes back."""
    given, query, body = _given(method)
    path = method.path
    for each in method.given("path"):
        path = path.replace(f"{{{each.name}}}", str(given[each.name]))
    request: dict[str, Any] = {"method": method.http_method, "path": path, "query": query}
    if body is not None:
        request["text" if method.given("content") else "json"] = body
    step: dict[str, Any] = {"call": method.full_name, "with": given}
    return Case(
        name=f"operation-{method.operation_id}",
        says=f"{method.full_name} is {method.http_method} {method.path}.",
        client=dict(DEFAULT_CLIENT),
        steps=(step | _answered(method),),
        server=(exchange(_exchange(method)),),
        wire=(request,),
    )


def _given(method: Method) -> tuple[dict[str, Any], dict[str, str], Any]:
    """What the method is given, and what of it must be seen in the query and in the body."""
    made = examples.given(contract(), method)
    query = {each.name: str(made.given[each.name]) for each in method.given("query") if each.required}
    return made.given, query, made.body


def _exchange(method: Method) -> dict[str, Any]:
    if method.answer.gives is Gives.NOTHING:
        return {"status": success(method)}
    if method.answer.gives is Gives.FILE:
        return {"text": example(method), "headers": {"Content-Type": method.answer.media_types[0]}}
    body = example(method)
    if method.answer.gives is Gives.LIST:
        body = body | {"pagination": {"next_cursor": None, "has_more": False}}
    return {"json": body, "status": success(method)}


def _answered(method: Method) -> dict[str, Any]:
    """How the method is called, and what it must give."""
    if method.answer.gives is Gives.NOTHING:
        return {"gives": None}
    body = example(method)
    if method.answer.gives is Gives.FILE:
        return {"do": "file", "gives": body}
    if method.answer.gives is Gives.LIST:
        return {"do": "items", "gives": body["data"]}
    return {"gives": body["data"] if method.answer.wrapped else body}


def filled(value: Any, saved: Mapping[str, Any]) -> Any:
    """A value with what was saved in place of `${name}`."""
    if isinstance(value, dict):
        return {name: filled(each, saved) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, saved) for each in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda found: str(saved[found[1]]), value)
    return value


def pointed(value: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to."""
    for name in pointer.strip("/").split("/") if pointer.strip("/") else ():
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def named(prefix: str) -> Iterator[Case]:
    return (each for each in cases() if each.name.startswith(prefix))
