"""A page of documentation per resource: each method with what it is given, and a program that calls it."""

from __future__ import annotations

from collections.abc import Mapping

from cloudmetrics.sdks.description import Description, Gives, Method, Parameter, Resource
from cloudmetrics.sdks.javascript.docs import camel, header_name, module_name, variable

GIVES = {
    Gives.THING: "Gives what the answer's `data` is.",
    Gives.LIST: "Gives a list that goes on over all pages as you iterate; `.pages()` gives page after page.",
    Gives.NOTHING: "Gives nothing.",
    Gives.FILE: "Gives a file: `.text()`, `.bytes()`, `.lines()` or `.stream()`.",
    Gives.EVENTS: "Gives events as they come.",
}


def files(contract: Description, samples: Mapping[str, str]) -> dict[str, str]:
    """Name → page. `samples` holds a program per operationId."""
    return {f"{module_name(resource)}.md": _page(resource, samples) for resource in contract.resources}


def _page(resource: Resource, samples: Mapping[str, str]) -> str:
    methods = "\n\n".join(_method(method, samples[method.operation_id]) for method in resource.methods)
    return f"# {resource.title}: `client.{camel(resource.name)}`\n\n{resource.doc}\n\n{methods}"


def _method(method: Method, sample: str) -> str:
    parts = [f"## `{camel(method.name)}`: {method.summary}", method.description, _table(method)]
    scopes = " and ".join(f"`{scope}`" for scope in method.scopes)
    parts.append(GIVES[method.answer.gives] + (f" It needs the scope {scopes}." if scopes else ""))
    parts.append(f"```js\n{sample.strip()}\n```")
    return "\n\n".join(part for part in parts if part)


def _table(method: Method) -> str:
    """What is in the path goes by position, and so comes first."""
    if not method.parameters:
        return ""
    ordered = sorted(method.parameters, key=lambda each: each.where != "path")
    rows = [f"| `{_name(each)}` | {'yes' if each.required else ''} | {_cell(each.doc)} |" for each in ordered]
    return "\n".join(["| given | needed | |", "|---|---|---|", *rows])


def _name(parameter: Parameter) -> str:
    if parameter.where == "path":
        return variable(parameter.name)
    return header_name(parameter.name) if parameter.where == "header" else parameter.name


def _cell(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")
