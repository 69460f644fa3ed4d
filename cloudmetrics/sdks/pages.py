"""The SDKs' documentation: a page per resource, and every program on it for the reference that is served.

Each method is shown with what it is given, and with curl and in each language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from cloudmetrics.sdks import curl, golang, javascript, python
from cloudmetrics.sdks.description import Description, Gives, Method, Resource
from cloudmetrics.sdks.javascript.docs import header_name, module_name
from cloudmetrics.sdks.writing import replace

GENERATED = "generated"
SAMPLES = "samples.json"
# Language → program per operationId.
Samples = Mapping[str, Mapping[str, str]]
FENCES = {"curl": "sh", "Python": "python", "JavaScript": "js", "Go": "go"}
GIVES = {
    Gives.THING: "Gives what the answer's `data` is.",
    Gives.LIST: "Gives a list that goes on over all pages as you iterate.",
    Gives.NOTHING: "Gives nothing.",
    Gives.FILE: "Gives a file as it arrives.",
    Gives.EVENTS: "Gives events as they come.",
}


def samples_of(contract: Description) -> Samples:
    """Raises GeneratorFailed where a language's formatter is missing."""
    return {
        "curl": curl.samples_of(contract),
        "Python": python.samples_of(contract),
        "JavaScript": javascript.samples_of(contract),
        "Go": golang.samples_of(contract),
    }


def write(contract: Description, _: list[dict[str, str]], folder: Path) -> None:
    """Writes the pages into `folder`/generated, and samples.json beside them. Raises GeneratorFailed."""
    samples = samples_of(contract)
    replace(
        folder / GENERATED,
        {f"{module_name(each)}.md": _page(each, samples) for each in contract.resources},
    )
    text = json.dumps(samples, indent=1, ensure_ascii=False)
    (folder / SAMPLES).write_text(f"{text}\n", encoding="utf-8")


def operations(folder: Path) -> int:
    """How many operations the written pages show."""
    pages = (folder / GENERATED).glob("*.md")
    return sum(len(re.findall("^## ", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in pages)


def _page(resource: Resource, samples: Samples) -> str:
    methods = "\n\n".join(_method(method, samples) for method in resource.methods)
    return f"# {resource.title}\n\n{resource.doc}\n\n{methods}"


def _method(method: Method, samples: Samples) -> str:
    parts = [f"## {method.summary}: `{method.full_name}`", method.description, _table(method)]
    scopes = " and ".join(f"`{scope}`" for scope in method.scopes)
    parts.append(GIVES[method.answer.gives] + (f" It needs the scope {scopes}." if scopes else ""))
    for language, programs in samples.items():
        parts.append(f"```{FENCES[language]}\n{programs[method.operation_id].strip()}\n```")
    return "\n\n".join(part for part in parts if part)


def _table(method: Method) -> str:
    """What is in the path goes by position, and so comes first."""
    if not method.parameters:
        return ""
    ordered = sorted(method.parameters, key=lambda each: each.where != "path")
    rows = [
        f"| `{header_name(each.name) if each.where == 'header' else each.name}` "
        f"| {'yes' if each.required else ''} | {_cell(each.doc)} |"
        for each in ordered
    ]
    return "\n".join(["| given | needed | |", "|---|---|---|", *rows])


def _cell(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")
