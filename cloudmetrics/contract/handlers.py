"""From an operation to the function that does it: found by its tag and operationId, and fitted."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from connexion.exceptions import ResolverError
from connexion.resolver import Resolver

from cloudmetrics.contract.operations import Operation
from cloudmetrics.contract.parameters import INJECTED, Parameter

Handler = Callable[..., Awaitable[Any]]


class HandlerUnfit(Exception):
    """An operation's handler is missing or takes other arguments. `cure` says what to do."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what, self.cure = what, cure


class TagResolver(Resolver):
    """`create-dashboard` under the tag `Dashboards` is `create_dashboard` in `<package>.dashboards`."""

    def __init__(self, package: str) -> None:
        super().__init__()
        self.package = package

    def resolve_operation_id(self, operation: Any) -> str:
        return f"{self.package}.{snake(operation.tag)}.{snake(operation.operation_id)}"


def snake(name: str) -> str:
    """A tag or an operationId as a Python name."""
    return re.sub(r"\W+", "_", name).strip("_").lower()


def resolve(operation: Operation, resolver: Any) -> Handler:
    """The operation's function. Raises HandlerUnfit."""
    address = resolver.resolve_operation_id(operation)
    module, _, function = address.rpartition(".")
    try:
        handler: Handler = resolver.resolve(operation).function
    except ResolverError as error:
        raise HandlerUnfit(
            f"the operation {operation.id} has no handler ({error})",
            f"write `async def {function}` in {module.replace('.', '/')}.py",
        ) from None
    if not inspect.iscoroutinefunction(handler):
        raise HandlerUnfit(f"{address} is not asynchronous", "write it as `async def`")
    return handler


def misfits(operation: Operation, handler: Handler, has_body: bool) -> Iterator[HandlerUnfit]:
    """Where the handler asks for what the contract does not give, or does not take what it gives."""
    wanted = signature(handler)
    declared = {parameter.argument: parameter for parameter in operation.parameters}
    name = f"{handler.__module__}.{handler.__name__}"
    for argument, wish in wanted.items():
        if wish.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if wish.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            yield HandlerUnfit(f"{name} takes {argument} by position", "take it by name")
        elif argument not in declared and argument not in INJECTED:
            yield HandlerUnfit(
                f"{name} asks for {argument}, which {operation.id} does not declare",
                f"declare the parameter {argument}, or take it out of the handler",
            )
    if "body" in wanted and not has_body:
        yield HandlerUnfit(
            f"{name} asks for a body, and {operation.id} has none", "declare a requestBody, or take it out"
        )
    if accepted(handler) is None:
        return
    for argument, parameter in declared.items():
        if argument not in wanted and parameter.location in ("path", "query") and not parameter.selects:
            yield HandlerUnfit(
                f"{name} does not take {argument}, a {parameter.location} parameter of {operation.id}",
                f"add the argument {argument} to the handler",
            )


@lru_cache(maxsize=1024)
def signature(handler: Handler) -> Mapping[str, inspect.Parameter]:
    """What a handler takes, which is asked for each of its parameters."""
    return inspect.signature(handler).parameters


def accepted(handler: Handler) -> frozenset[str] | None:
    """The arguments that a handler takes by name; None where it takes any."""
    wanted = signature(handler)
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in wanted.values()):
        return None
    return frozenset(wanted)


def without_default(handler: Handler) -> frozenset[str]:
    """The arguments that a handler must be given."""
    wanted = signature(handler).values()
    return frozenset(p.name for p in wanted if p.default is inspect.Parameter.empty)


def is_wanted(handler: Handler, parameter: Parameter, headers_around: Collection[str]) -> bool:
    """Whether a handler is given a parameter. A header that is dealt with around it, it must name."""
    if parameter.argument in signature(handler):
        return True
    is_around = parameter.location == "header" and parameter.name.lower() in headers_around
    return accepted(handler) is None and not is_around
