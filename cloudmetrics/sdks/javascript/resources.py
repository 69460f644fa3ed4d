"""A module per resource: a class with a method for each of its operations, and types of what is given."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from cloudmetrics.sdks.bundle import SCHEMA
from cloudmetrics.sdks.description import Description, Gives, Method, Parameter, Resource
from cloudmetrics.sdks.javascript import docs
from cloudmetrics.sdks.javascript.docs import camel, class_name, header_name, module_name, variable

FOLDER = "resources"
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# What an operation is: the one line of each method that says where it goes, which is counted as well.
PLACE = re.compile(r"^ +method: '\w+', path: [`']/", re.MULTILINE)
IMPORTS = {
    "Answered": "import type { Answered } from '../../answers.js';",
    "takeAll": "import { takeAll } from '../../answers.js';",
    "takeData": "import { takeData } from '../../answers.js';",
    "takeNothing": "import { takeNothing } from '../../answers.js';",
    "Content": "import type { Content } from '../../calls.js';",
    "segment": "import { segment } from '../../calls.js';",
    "Download": "import { Download } from '../../downloads.js';",
    "Pager": "import { Pager } from '../../paging.js';",
    "EventStream": "import { EventStream } from '../../streaming.js';",
}
CLASS = """
{doc}
export class {name} {{
  readonly #client: Client;

  constructor(client: Client) {{
    this.#client = client;
  }}

{methods}
}}
"""


def files(contract: Description) -> dict[str, str]:
    """Path → text, with the module that gathers them."""
    made = {f"{FOLDER}/{module_name(each)}.ts": _module(each) for each in contract.resources}
    return made | {f"{FOLDER}/index.ts": _index(contract.resources)}


def count(text: str) -> int:
    """How many operations a written module has."""
    return len(PLACE.findall(text))


def _index(resources: Iterable[Resource]) -> str:
    """The resources as fields of a client that has them all."""
    imports = ["import { Client } from '../../client.js';"]
    fields = []
    for resource in resources:
        name = class_name(resource)
        imports.append(f"import {{ {name} }} from './{module_name(resource)}.js';")
        doc = docs.comment(resource.doc.split("\n\n")[0])
        fields.append(f"{doc}\nreadonly {camel(resource.name)} = new {name}(this);")
    body = textwrap.indent("\n\n".join(fields), "  ")
    head = "\n".join(imports)
    exports = "\n".join(f"export * from './{module_name(each)}.js';" for each in resources)
    doc = docs.comment("What the contract offers, by its tags.")
    return f"{head}\n\n{exports}\n\n{doc}\nexport class Resources extends Client {{\n{body}\n}}"


def _module(resource: Resource) -> str:
    name = class_name(resource)
    written = "\n\n".join(_method(each, name) for each in resource.methods)
    body = CLASS.format(
        doc=docs.of_resource(resource), name=name, methods=textwrap.indent(written, "  ", _is_text)
    )
    params = "\n\n".join(_params(each, name) for each in resource.methods if _named(each))
    return "\n\n".join([_imports(params + body), params, body.strip()])


def _imports(text: str) -> str:
    """Only what the module uses, so that nothing else gets into a bundle."""
    used = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\b", text)]
    lines = [*used, "import type { Client, RequestOptions } from '../../client.js';"]
    # Behind a name of its own: the resource Costs and the thing Costs are two.
    lines.append("import type * as api from '../types.js';")
    return "\n".join(sorted(lines))


def _data(method: Method) -> str:
    """How the types' generator calls what an operation is given."""
    return f"api.{''.join(word.capitalize() for word in method.operation_id.split('-'))}Data"


def _thing(method: Method) -> str:
    """The component that an answer holds. Raises ValueError for what has no name in the contract."""
    reference: str = (method.answer.thing or {}).get("$ref", "")
    if not reference:
        raise ValueError(f"what {method.full_name} answers needs a component of its own")
    return f"api.{reference.removeprefix(SCHEMA)}"


def _named(method: Method) -> list[Parameter]:
    return [each for each in method.parameters if each.where != "path"]


def _params_name(method: Method, owner: str) -> str:
    name = camel(method.name)
    return f"{owner}{name[0].upper()}{name[1:]}Params"


def _params(method: Method, owner: str) -> str:
    """The type of what a method is given by name: from the types, but for headers and raw bodies."""
    data = _data(method)
    parts = [f"NonNullable<{data}['query']>"] if method.given("query") else []
    if method.given("body"):
        parts.append(f"NonNullable<{data}['body']>")
    fields = []
    for each in method.given("whole", "content", "header"):
        kind = {"whole": f"{data}['body']", "content": "Content"}.get(each.where, "string")
        name = header_name(each.name) if each.where == "header" else each.name
        doc = [textwrap.indent(docs.comment(each.doc), "  ")] if each.doc else []
        fields += [*doc, f"  {name}{'' if each.required else '?'}: {kind};"]
    if fields:
        parts.append("{\n" + "\n".join(fields) + "\n}")
    head = docs.comment(f"What `{camel(method.resource)}.{camel(method.name)}` is given by name.")
    return f"{head}\nexport type {_params_name(method, owner)} = {' & '.join(parts)};"


def _method(method: Method, owner: str) -> str:
    lines = [
        docs.of_method(method),
        f"{camel(method.name)}({_signature(method, owner)}): {_result(method)} {{",
    ]
    if taken := _taken(method):
        lines.append(f"  const {{ {', '.join(taken)} }} = params;")
    call = "\n".join(f"    {each}," for each in _call(method))
    lines += [f"  return {_return(method, f'{{{chr(10)}{call}{chr(10)}  }}')};", "}"]
    return "\n".join(lines)


def _signature(method: Method, owner: str) -> str:
    given = [f"{variable(each.name)}: string" for each in method.given("path")]
    if named := _named(method):
        needed = any(each.required for each in named)
        given.append(f"params: {_params_name(method, owner)}{'' if needed else ' = {}'}")
    return ", ".join([*given, "options?: RequestOptions"])


def _result(method: Method) -> str:
    gives = method.answer.gives
    if gives is Gives.LIST:
        return f"Pager<{_thing(method)}>"
    kinds = {Gives.FILE: "Download", Gives.EVENTS: "EventStream", Gives.NOTHING: "Answered<void>"}
    return kinds[gives] if gives in kinds else f"Answered<{_thing(method)}>"


def _taken(method: Method) -> list[str]:
    """What is taken out of `params` one by one; the rest of them is the body, or else the query.

    So a field that a newer server takes can be given before this library knows it.
    """
    if not _named(method):
        return []
    alone = method.given("header", "whole", "content")
    if method.given("body", "whole", "content"):
        alone = [*alone, *method.given("query")]
    taken = [_renamed(each) for each in alone]
    if rest := "body" if method.given("body") else "query" if method.given("query") else "":
        taken += [] if rest == "query" and method.given("whole", "content") else [f"...{rest}"]
    return taken


def _renamed(parameter: Parameter) -> str:
    name = header_name(parameter.name) if parameter.where == "header" else parameter.name
    shown = name if IDENTIFIER.fullmatch(name) else repr(name)
    return shown if shown == variable(parameter.name) else f"{shown}: {variable(parameter.name)}"


def _call(method: Method) -> list[str]:
    path = method.path
    for each in method.given("path"):
        path = path.replace(f"{{{each.name}}}", f"${{segment({variable(each.name)})}}")
    quote = "`" if "${" in path else "'"
    parts = [f"method: '{method.http_method}', path: {quote}{path}{quote}"]
    if query := method.given("query"):
        has_body = bool(method.given("body", "whole", "content"))
        parts.append(f"query: {{ {_pairs(query)} }}" if has_body else "query")
    if headers := method.given("header"):
        parts.append(f"headers: {{ {_pairs(headers)} }}")
    if method.given("body"):
        parts.append("body")
    for each in method.given("whole", "content"):
        parts.append("body" if each.where == "whole" else "content")
    if method.given("content"):
        parts.append(f"mediaType: '{method.media_type}'")
    if method.answer.gives is Gives.FILE:
        parts.append(f"accept: '{', '.join(method.answer.media_types)}'")
    if method.http_method == "POST" and method.repeatable:
        parts.append("repeatable: true")
    if method.keyed:
        parts.append("keyed: true")
    return parts


def _pairs(parameters: list[Parameter]) -> str:
    return ", ".join(
        f"{each.name if IDENTIFIER.fullmatch(each.name) else repr(each.name)}: {variable(each.name)}"
        for each in parameters
    )


def _return(method: Method, call: str) -> str:
    answer = method.answer
    if answer.gives is Gives.FILE:
        return f"new Download(this.#client, {call}, options)"
    if answer.gives is Gives.EVENTS:
        return f"new EventStream(this.#client, {call}, options)"
    if answer.gives is Gives.LIST:
        place = "body" if any(each.name == "cursor" for each in method.given("body")) else "query"
        return f"new Pager<{_thing(method)}>(this.#client, {call}, '{place}', options)"
    if answer.gives is Gives.NOTHING:
        return f"this.#client.call({call}, takeNothing, options)"
    take = "takeData" if answer.wrapped else "takeAll"
    return f"this.#client.call({call}, {take}<{_thing(method)}>, options)"


def _is_text(line: str) -> bool:
    return bool(line.strip())
