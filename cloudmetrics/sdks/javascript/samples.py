"""A call of each method, as a person would write it, from the contract's own examples."""

from __future__ import annotations

import json
from typing import Any

from cloudmetrics.sdks import examples
from cloudmetrics.sdks.description import Description, Gives, Method
from cloudmetrics.sdks.javascript.docs import camel
from cloudmetrics.sdks.javascript.resources import IDENTIFIER

HEAD = "import { CloudMetrics } from '@cloudmetrics/api-client';\n\nconst client = new CloudMetrics();\n"
WIDTH = 80


def text(contract: Description, method: Method) -> str:
    """A program that calls the method; the key and the server are the environment's."""
    given = examples.given(contract, method).given
    path = [each.name for each in method.given("path")]
    arguments = [literal(given[name]) for name in path]
    if named := {name: value for name, value in given.items() if name not in path}:
        arguments.append(literal(named))
    call = f"client.{camel(method.resource)}.{camel(method.name)}({', '.join(arguments)})"
    return f"{HEAD}{_use(method, call)}\n"


def literal(value: Any, indent: str = "") -> str:
    """A value in JavaScript, on one line where it fits there."""
    if isinstance(value, str):
        return _string(value)
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value)
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{_name(name)}: {literal(each, deeper)}" for name, each in value.items()]
    else:
        parts = [literal(each, deeper) for each in value]
    opening, closing = ("{ ", " }") if isinstance(value, dict) else ("[", "]")
    line = f"{opening}{', '.join(parts)}{closing}"
    if "\n" not in line and len(indent) + len(line) < WIDTH - 30:
        return line
    inner = "".join(f"{deeper}{part},\n" for part in parts)
    return f"{opening.strip()}\n{inner}{indent}{closing.strip()}"


def _string(value: str) -> str:
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if "'" in value or "\\" in quoted else f"'{value}'"


def _name(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else _string(name)


def _use(method: Method, call: str) -> str:
    gives = method.answer.gives
    if gives is Gives.LIST:
        return f"for await (const item of {call}) {{\n  console.log(item);\n}}"
    if gives is Gives.EVENTS:
        return f"for await (const event of {call}) {{\n  console.log(JSON.parse(event.data));\n}}"
    if gives is Gives.FILE:
        return f"console.log(await {call}.text());"
    return f"await {call};" if gives is Gives.NOTHING else f"console.log(await {call});"
