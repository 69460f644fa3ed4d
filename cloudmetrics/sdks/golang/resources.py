"""A file per resource: its methods, and a struct of parameters for each that takes more than a path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from cloudmetrics.sdks.description import Description, Gives, Method, Parameter, Resource
from cloudmetrics.sdks.golang.models import pointer, split_null, type_of
from cloudmetrics.sdks.golang.names import MODULE, comment, field_name, go_name, qualified

# What Go keeps for itself, and what a method has of its own.
TAKEN = {"type", "range", "func", "map", "var", "default", "interface", "params", "ctx", "r"}
BODIES = {"body": "Fields", "whole": "Whole", "content": "Content"}


def files(contract: Description) -> dict[str, str]:
    """Path → text, with the file that holds them all together."""
    made = {f"resources/{each.name}.go": _file(contract, each) for each in contract.resources}
    return made | {"resources/resources.go": _index(contract.resources)}


def _index(resources: Iterable[Resource]) -> str:
    """The resources as fields of a client."""
    fields, values = [], []
    for resource in resources:
        name = go_name(resource.name)
        fields.append(f"{comment(resource.doc.split(chr(10) * 2)[0], chr(9))}\t{name} *{name}")
        values.append(f"\t\t{name}: &{name}{{client}},")
    return "\n".join(
        [
            "// Package resources has the methods of the API, by the tags of its contract.",
            f'package resources\n\nimport "{MODULE}/core"\n',
            "// Resources is what the contract offers.\ntype Resources struct {",
            *fields,
            "}\n",
            "// New gives the resources of a client.\nfunc New(client *core.Client) *Resources {",
            "\treturn &Resources{",
            *values,
            "\t}\n}\n",
        ]
    )


def _file(contract: Description, resource: Resource) -> str:
    name = go_name(resource.name)
    parts = [f"{comment(f'{name}: {resource.doc}')}type {name} struct{{ client *core.Client }}\n"]
    for method in resource.methods:
        parts += [_params(contract, method), _method(contract, method)]
    text = "\n".join(part for part in parts if part)
    imports = {
        "context": "context.",
        "io": "io.",
        "time": "time.",
        f"{MODULE}/core": "core.",
        f"{MODULE}/generated/models": "models.",
    }
    used = [path for path, word in imports.items() if re.search(rf"\b{re.escape(word)}[A-Z]", text)]
    # The standard library first, and ours apart from it.
    standard = "\n".join(f'\t"{path}"' for path in used if "/" not in path)
    ours = "\n".join(f'\t"{path}"' for path in used if "/" in path)
    return f"package resources\n\nimport (\n{standard}\n\n{ours}\n)\n\n{text}"


def params_name(method: Method) -> str:
    """Goals and create is GoalsCreateParams."""
    return f"{go_name(method.resource)}{go_name(method.name)}Params"


def _params(contract: Description, method: Method) -> str:
    """The struct of what is given by name. Its tags say where each field goes."""
    named = [each for each in method.parameters if each.where != "path"]
    if not named:
        return ""
    called = f"{go_name(method.resource)}.{go_name(method.name)}"
    lines = [f"// {params_name(method)} is what {called} is given.", f"type {params_name(method)} struct {{"]
    for each in sorted(named, key=lambda each: not each.required):
        doc = f"{each.doc}\n\nIt is required." if each.required and each.doc else each.doc
        lines.append(comment(doc or ("It is required." if each.required else ""), "\t").rstrip())
        lines.append(f"\t{field_name(each.name)} {_field_type(contract, each)} `{_tag(each)}`")
    return "\n".join([line for line in lines if line] + ["}\n"])


def _field_type(contract: Description, parameter: Parameter) -> str:
    """A body's field is as in a model. In a query zero was not given, unless it means something."""
    if parameter.where == "content":
        return "[]byte"
    nullable, plain = split_null(contract, parameter.schema)
    type_ = qualified(type_of(contract, plain))
    if parameter.where == "body":
        if parameter.required:
            return pointer(type_) if nullable else type_
        return f"models.Nullable[{type_}]" if nullable else pointer(type_)
    if parameter.required or parameter.where == "whole":
        return type_
    zero_means = type_ == "bool" or (
        type_ in ("int64", "float64") and contract.resolve(plain).get("minimum", 0) <= 0
    )
    return pointer(type_) if zero_means else type_


def _tag(parameter: Parameter) -> str:
    if parameter.where == "body":
        return f'json:"{parameter.name}{"" if parameter.required else ",omitzero"}"'
    if parameter.where in ("whole", "content"):
        return f'json:"-" body:"{parameter.name}"'
    return f'json:"-" {parameter.where}:"{parameter.name}"'


def _method(contract: Description, method: Method) -> str:
    """One method: what the contract says of it, its signature, and the call."""
    result, call = _result(contract, method)
    takes_context = method.answer.gives not in (Gives.LIST, Gives.EVENTS)
    given = ["ctx context.Context"] if takes_context else []
    given += [f"{local_name(each)} string" for each in method.given("path")]
    if any(each.where != "path" for each in method.parameters):
        given.append(f"params *{params_name(method)}")
    signature = f"func (r *{go_name(method.resource)}) {go_name(method.name)}({', '.join(given)}) {result}"
    return f"{_doc(method)}{signature} {{\n{_call(method)}\treturn {call}\n}}\n"


def _doc(method: Method) -> str:
    """The summary as a sentence of the method, then what there is to know."""
    parts = [f"{go_name(method.name)}: {method.summary.rstrip('.')}.", method.description]
    if method.scopes:
        parts.append(f"It needs the scope {' and '.join(method.scopes)}.")
    if method.deprecated:
        parts.append("Deprecated: it will be gone in a later version.")
    return comment("\n\n".join(part for part in parts if part))


def local_name(parameter: Parameter) -> str:
    """website_id is websiteID."""
    first, *rest = parameter.name.split("_")
    name = first.lower() + (go_name("_".join(rest)) if rest else "")
    return f"{name}_" if name in TAKEN else name


def _result(contract: Description, method: Method) -> tuple[str, str]:
    """What a method gives, and the expression that gets it."""
    answer = method.answer
    if answer.gives is Gives.NOTHING:
        return "error", "core.Send(ctx, r.client, call)"
    if answer.gives is Gives.FILE:
        return "(io.ReadCloser, error)", "core.Open(ctx, r.client, call)"
    if answer.gives is Gives.EVENTS:
        return "*core.EventStream", "core.NewEventStream(r.client, call)"
    thing = qualified(type_of(contract, answer.thing or {}))
    if answer.gives is Gives.LIST:
        in_body = "true" if any(each.name == "cursor" for each in method.given("body")) else "false"
        return f"*core.Pager[{thing}]", f"core.NewPager[{thing}](r.client, call, {in_body})"
    if thing.startswith("models."):
        thing = f"*{thing}"
    fetch = "FetchData" if answer.wrapped else "Fetch"
    return f"({thing}, error)", f"core.{fetch}[{thing}](ctx, r.client, call)"


def _call(method: Method) -> str:
    path = re.sub(r"\{[^}]+\}", "{}", method.path)
    lines = [f'\tcall := core.Call{{Method: "{method.http_method}", Path: "{path}"']
    if segments := [local_name(each) for each in method.given("path")]:
        lines.append(f"Segments: []string{{{', '.join(segments)}}}")
    for where, body in BODIES.items():
        if method.given(where):
            lines.append(f"Body: core.{body}")
    if method.given("content"):
        lines.append(f"MediaType: {json.dumps(method.media_type)}")
    if method.answer.gives is Gives.FILE:
        lines.append(f"Accept: {json.dumps(', '.join(method.answer.media_types))}")
    if method.http_method == "POST" and method.repeatable:
        lines.append("Repeatable: true")
    if method.keyed:
        lines.append("Keyed: true")
    text = ", ".join(lines) + "}\n"
    if any(each.where != "path" for each in method.parameters):
        # A nil pointer in an interface is not nil, so it is only put there where it is one.
        text += "\tif params != nil {\n\t\tcall.Params = params\n\t}\n"
    return text
