"""A module per resource, with two classes of the same methods: one that waits, and one to be awaited."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from cloudmetrics.sdks.description import Description, Gives, Method, Parameter, Resource
from cloudmetrics.sdks.python import docs
from cloudmetrics.sdks.python.docs import python_name
from cloudmetrics.sdks.python.types import Types

HEAD = '''"""{title}."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from .. import models
from ...calls import Call, Model, segment
from ...paging import AsyncPager, Pager
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from .. import params
    from ...client import AsyncCloudMetrics, CloudMetrics
    from ...downloads import AsyncDownload, Download
    from ...streaming import AsyncEventStream, EventStream
'''
CLASS = """
class {name}:
    {doc}

    def __init__(self, client: {client}) -> None:
        self._client = client
"""


def files(contract: Description, types: Types) -> dict[str, str]:
    """Module → text, with the module that finds them."""
    made = {resource.name: _module(resource, types) for resource in contract.resources}
    return made | {"__init__": _index(contract.resources)}


def class_name(resource: Resource) -> str:
    """API keys is ApiKeys, as the class of a resource."""
    return "".join(word.capitalize() for word in resource.name.split("_"))


def _index(resources: Iterable[Resource]) -> str:
    """The resources as attributes of a client, each imported when it is first asked for."""
    lines = ['"""The resources of a client, each of which is loaded when it is first asked for."""', ""]
    lines += ["from __future__ import annotations", "", "from functools import cached_property"]
    lines += ["from typing import TYPE_CHECKING, cast", "", "if TYPE_CHECKING:"]
    lines += ["    from ...client import AsyncCloudMetrics, CloudMetrics"]
    for resource in resources:
        name = class_name(resource)
        lines.append(f"    from .{resource.name} import Async{name}, {name}")
    for prefix, client in (("", "CloudMetrics"), ("Async", "AsyncCloudMetrics")):
        lines += ["", "", f"class {prefix}Resources:"]
        lines += ['    """What the contract offers, by its tags."""']
        for resource in resources:
            name = prefix + class_name(resource)
            doc = docs.quoted(resource.doc.split("\n\n")[0])
            lines += ["", "    @cached_property", f"    def {resource.name}(self) -> {name}:"]
            lines += [textwrap.indent(doc, "        ")]
            lines += [
                f"        from .{resource.name} import {name}",
                "",
                f"        return {name}(cast({client!r}, self))",
            ]
    return "\n".join(lines)


def _module(resource: Resource, types: Types) -> str:
    parts = [HEAD.format(title=resource.title)]
    for asynchronous in (False, True):
        prefix = "Async" if asynchronous else ""
        name, client = prefix + class_name(resource), f"{prefix}CloudMetrics"
        doc = textwrap.indent(docs.of_resource(resource), "    ").strip()
        parts.append(CLASS.format(name=name, doc=doc, client=client))
        parts += [textwrap.indent(_method(each, types, asynchronous), "    ") for each in resource.methods]
    return "\n".join(parts)


def _method(method: Method, types: Types, asynchronous: bool) -> str:
    """One method: its signature, what the contract says of it, and the call."""
    prefix = "Async" if asynchronous else ""
    gives = method.answer.gives
    waits = asynchronous and gives in (Gives.THING, Gives.NOTHING)
    given, result = _parameters(method, types), _result(method, types, prefix)
    signature = f"def {python_name(method.name)}({given}) -> {result}:"
    lines = [f"async {signature}" if waits else signature, textwrap.indent(docs.of_method(method), "    ")]
    lines += [f"    call = {_call(method)}", f"    {_return(method, types, prefix, waits)}", ""]
    return "\n".join(lines)


def _parameters(method: Method, types: Types) -> str:
    """Path parameters may be given by position, everything else by name; what can be left out comes last."""
    positional = [f"{python_name(each.name)}: {types.given(each.schema)}" for each in method.given("path")]
    named = [each for each in method.parameters if each.where != "path"]
    ordered = sorted(named, key=lambda each: not each.required)
    keywords = [_keyword(each, types) for each in ordered]
    return ", ".join(["self", *positional, *(["*", *keywords] if keywords else [])])


def _keyword(parameter: Parameter, types: Types) -> str:
    kind = "bytes" if parameter.where == "content" else types.given(parameter.schema)
    if parameter.required:
        return f"{python_name(parameter.name)}: {kind}"
    return f"{python_name(parameter.name)}: {kind} | Unset = UNSET"


def _result(method: Method, types: Types, prefix: str) -> str:
    answer = method.answer
    if answer.gives is Gives.NOTHING:
        return "None"
    if answer.gives is Gives.FILE:
        return f"{prefix}Download"
    if answer.gives is Gives.EVENTS:
        return f"{prefix}EventStream"
    thing = types.answered(answer.thing or {})
    return f"{prefix}Pager[{thing}]" if answer.gives is Gives.LIST else thing


def _call(method: Method) -> str:
    path = method.path
    for each in method.given("path"):
        path = path.replace(f"{{{each.name}}}", f"{{segment({python_name(each.name)})}}")
    parts = [f'"{method.http_method}"', f'f"{path}"' if "{" in path else f'"{path}"']
    for where, argument in (("query", "query"), ("header", "headers"), ("body", "fields")):
        if pairs := _pairs(method.given(where)):
            parts.append(f"{argument}={{{pairs}}}")
    for each in method.given("whole", "content"):
        parts.append(f"{each.where}={each.name}")
    if method.given("content"):
        parts.append(f"media_type={method.media_type!r}")
    if method.answer.gives is Gives.FILE:
        parts.append(f"accept={', '.join(method.answer.media_types)!r}")
    if method.http_method == "POST" and method.repeatable:
        parts.append("repeatable=True")
    if method.keyed:
        parts.append("keyed=True")
    return f"Call({', '.join(parts)})"


def _pairs(parameters: list[Parameter]) -> str:
    return ", ".join(f'"{each.name}": {python_name(each.name)}' for each in parameters)


def _return(method: Method, types: Types, prefix: str, waits: bool) -> str:
    answer, wait = method.answer, "await " if waits else ""
    parse = f"{types.model(answer.schema)}.from_dict" if answer.schema else ""
    if answer.gives is Gives.NOTHING:
        return f"{wait}self._client.send(call)"
    if answer.gives is Gives.FILE:
        return "return self._client.download(call)"
    if answer.gives is Gives.EVENTS:
        return "return self._client.events_of(call)"
    if answer.gives is Gives.LIST:
        in_body = ', cursor_in="fields"' if any(e.name == "cursor" for e in method.given("body")) else ""
        return f"return {prefix}Pager(self._client, call, {parse}{in_body})"
    fetched = f"self._client.fetch(call, {parse})"
    if not answer.wrapped:
        return f"return {wait}{fetched}"
    return f"return (await {fetched}).data" if waits else f"return {fetched}.data"
