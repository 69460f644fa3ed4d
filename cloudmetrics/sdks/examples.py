"""The contract's own examples of an operation: what a method is given, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudmetrics.sdks.description import Description, Method

SOME_ID = "0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e21"


@dataclass(frozen=True, slots=True)
class Example:
    """What a method is given by its parameters' names, and the body that becomes of it, None without one."""

    given: dict[str, Any]
    body: Any


def given(contract: Description, method: Method) -> Example:
    """Only what is required, and the first example of the body."""
    needed = {
        each.name: value(contract, each.schema) for each in method.given("path", "query") if each.required
    }
    if not method.media_type:
        return Example(needed, None)
    content = contract.resolve(operation(contract, method)["requestBody"])["content"][method.media_type]
    body = contract.resolve(next(iter(content["examples"].values())))["value"]
    if whole := method.given("whole", "content"):
        return Example(needed | {whole[0].name: body}, body)
    return Example(needed | body, body)


def answer(contract: Description, method: Method) -> Any:
    """The first example of the good answer."""
    response = contract.resolve(operation(contract, method)["responses"][str(status(contract, method))])
    content = response["content"][method.answer.media_types[0]]
    return contract.resolve(next(iter(content["examples"].values())))["value"]


def status(contract: Description, method: Method) -> int:
    """The status of the good answer."""
    return int(min(each for each in operation(contract, method)["responses"] if each.startswith("2")))


def operation(contract: Description, method: Method) -> dict[str, Any]:
    found: dict[str, Any] = contract.document["paths"][method.path][method.http_method.lower()]
    return found


def value(contract: Description, schema: Mapping[str, Any]) -> Any:
    """A value that fits: an example, one of a list, or an id."""
    target = contract.resolve(schema)
    if target.get("examples"):
        return target["examples"][0]
    return target["enum"][0] if "enum" in target else SOME_ID
