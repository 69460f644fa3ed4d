"""A page of documentation per resource: each method with what it is given, and a program that calls it."""

from __future__ import annotations

from collections.abc import Mapping

from cloudmetrics.sdks.description import Description, Gives, Method, Resource
from cloudmetrics.sdks.python.docs import python_name

GIVES = {
    Gives.THING: "Gives what the answer's `data` is.",
    Gives.LIST: "Gives a list that goes on over all pages as you iterate; `.pages()` gives page after page.",
    Gives.NOTHING: "Gives nothing.",
    Gives.FILE: "Gives a file: `.save(path)`, `.read()`, `.lines()` or `.chunks()`.",
    Gives.EVENTS: "Gives events as they come.",
}


def files(contract: Description, samples: Mapping[str, str]) -> dict[str, str]:
    """Name → page. `samples` holds a program per operationId."""
    return {f"{resource.name}.md": _page(resource, samples) for resource in contract.resources}


def _page(resource: Resource, samples: Mapping[str, str]) -> str:
    methods = "\n\n".join(_method(method, samples[method.operation_id]) for method in resource.methods)
    return f"# {resource.title}: `client.{resource.name}`\n\n{resource.doc}\n\n{methods}"


def _method(method: Method, sample: str) -> str:
    parts = [f"## `{python_name(method.name)}`: {method.summary}", method.description, _table(method)]
    scopes = " and ".join(f"`{scope}`" for scope in method.scopes)
    parts.append(GIVES[method.answer.gives] + (f" It needs the scope {scopes}." if scopes else ""))
    parts.append(f"```python\n{sample.strip()}\n```")
    return "\n\n".join(part for part in parts if part)


def _table(method: Method) -> str:
    if not method.parameters:
        return ""
    rows = [
        f"| `{python_name(each.name)}` | {'yes' if each.required else ''} | {_cell(each.doc)} |"
        for each in method.parameters
    ]
    return "\n".join(["| given | needed | |", "|---|---|---|", *rows])


def _cell(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")
