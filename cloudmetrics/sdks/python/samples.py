"""A call of each method, as a person would write it, from the contract's own examples."""

from __future__ import annotations

from typing import Any

from cloudmetrics.sdks import examples
from cloudmetrics.sdks.description import Description, Gives, Method
from cloudmetrics.sdks.python.docs import python_name

HEAD = "from cloudmetrics_api import CloudMetrics\n\nclient = CloudMetrics()\n"


def text(contract: Description, method: Method) -> str:
    """A program that calls the method; the key and the server are the environment's."""
    given = examples.given(contract, method).given
    path = [each.name for each in method.given("path")]
    content = [each.name for each in method.given("content")]
    arguments = [repr(given[name]) for name in path]
    for name, value in given.items():
        if name not in path:
            arguments.append(f"{python_name(name)}={_literal(value, name in content)}")
    call = f"client.{method.resource}.{python_name(method.name)}({', '.join(arguments)})"
    return f"{HEAD}{_use(method, call)}\n"


def _literal(value: Any, is_content: bool) -> str:
    return repr(value.encode()) if is_content and isinstance(value, str) else repr(value)


def _use(method: Method, call: str) -> str:
    if method.answer.gives is Gives.LIST:
        return f"for item in {call}:\n    print(item)"
    if method.answer.gives is Gives.FILE:
        return f'{call}.save("{method.resource}.{_ending(method)}")'
    if method.answer.gives is Gives.EVENTS:
        return f"for event in {call}:\n    print(event.json())"
    return call if method.answer.gives is Gives.NOTHING else f"print({call})"


def _ending(method: Method) -> str:
    return method.answer.media_types[0].rsplit("/", 1)[-1].removeprefix("x-").rsplit(".", 1)[-1]
