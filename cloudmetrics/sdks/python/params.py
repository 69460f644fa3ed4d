"""Dictionaries that methods may be given: a TypedDict for each object that a request can hold."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any

from cloudmetrics.sdks.bundle import SCHEMA, nodes
from cloudmetrics.sdks.description import Description, Schema
from cloudmetrics.sdks.python.docs import quoted
from cloudmetrics.sdks.python.types import Types, is_typed_dict

HEAD = '''"""What methods may be given, as dictionaries: the JSON of the API, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NotRequired, TypedDict, Union
from uuid import UUID

from . import models
from ..calls import Model
'''


def text(contract: Description, types: Types) -> str:
    """The module. A component is in it if some body or parameter leads to it."""
    parts = [HEAD]
    for name in sorted(_needed(contract)):
        schema = contract.schemas[name]
        if is_typed_dict(schema):
            parts.append(_typed_dict(name, schema, types))
        elif "oneOf" in schema:
            kinds = dict.fromkeys(kind for each in schema["oneOf"] for kind in types.given(each).split(" | "))
            members = ", ".join(f'"{kind}"' for kind in sorted(kinds, key=lambda kind: kind == "Model"))
            parts.append(f"{name} = Union[{members}]")
    return "\n\n".join(part.replace("params.", "") for part in parts)


def _needed(contract: Description) -> set[str]:
    seen: set[str] = set()
    todo: list[Any] = [each.schema for method in contract.methods for each in method.parameters]
    while todo:
        for name in _names_in(todo.pop()):
            if name not in seen:
                seen.add(name)
                todo.append(contract.schemas[name])
    return seen


def _names_in(node: Any) -> Iterator[str]:
    for each in nodes(node):
        if isinstance(reference := each.get("$ref"), str) and reference.startswith(SCHEMA):
            yield reference.removeprefix(SCHEMA)


def _typed_dict(name: str, schema: Schema, types: Types) -> str:
    required = schema.get("required", ())
    fields = {
        field: types.given(each) if field in required else f"NotRequired[{types.given(each)}]"
        for field, each in schema["properties"].items()
    }
    doc = quoted(schema.get("description", f"{name}."))
    if all(field.isidentifier() and not keyword.iskeyword(field) for field in fields):
        lines = [f"class {name}(TypedDict):", f"    {doc}", ""]
        return "\n".join([*lines, *(f"    {field}: {kind}" for field, kind in fields.items())])
    # A name that Python keeps for itself can only be written so.
    pairs = ", ".join(f'"{field}": "{kind}"' for field, kind in fields.items())
    return f'{name} = TypedDict("{name}", {{{pairs}}})'
