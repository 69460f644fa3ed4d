"""Values of the contract's examples as Go writes them, each of the type that the SDK has for its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cloudmetrics.sdks.bundle import SCHEMA
from cloudmetrics.sdks.description import Description, Parameter, Schema
from cloudmetrics.sdks.golang.models import properties, required, split_null, type_of
from cloudmetrics.sdks.golang.names import enum_name, field_name, go_name, qualified

WIDTH = 60
# An untyped constant of Go would become another type than these.
NUMBERS = ("int64", "float64")


def params(contract: Description, name: str, given: Iterable[tuple[Parameter, Any]]) -> str:
    """What a method is given by name, such as `&resources.GoalsCreateParams{…}`."""
    fields = [(field_name(each.name), parameter(contract, each, value)) for each, value in given]
    return f"&resources.{name}{composite(fields)}"


def parameter(contract: Description, each: Parameter, value: Any) -> str:
    if each.where == "content":
        return f"[]byte({text(value)})"
    return field(contract, each.schema, value, optional=not each.required)


def field(contract: Description, schema: Schema, value: Any, *, optional: bool) -> str:
    """The value of a field of a struct. One that can be left out or null has a type of its own."""
    nullable, plain = split_null(contract, schema)
    type_ = qualified(type_of(contract, plain))
    if optional and nullable:
        if value is None:
            return f"models.Null[{type_}]()"
        return f"models.Some{_of_number(type_)}({literal(contract, plain, value)})"
    if value is None:
        return "nil"
    return pointed(contract, plain, value) if optional or nullable else literal(contract, plain, value)


def pointed(contract: Description, schema: Schema, value: Any) -> str:
    """A pointer to the value, where its type is not one that can be nil by itself."""
    type_, made = qualified(type_of(contract, schema)), literal(contract, schema, value)
    if type_.startswith(("[]", "map[")) or type_ == "any":
        return made
    if made.startswith("models.") and made.endswith("}"):
        return f"&{made}"
    return f"cloudmetrics.Ptr{_of_number(type_)}({made})"


def literal(contract: Description, schema: Schema, value: Any) -> str:
    """The value itself, of the type that its schema has."""
    type_ = type_of(contract, schema)
    if "$ref" in schema:
        target = contract.schemas[schema["$ref"].removeprefix(SCHEMA)]
        if type_ == go_name(schema["$ref"].removeprefix(SCHEMA)):
            return _named(contract, type_, target, value)
        return literal(contract, split_null(contract, target)[1], value)
    if type_.startswith(("[]", "map[")) and not type_.endswith("any"):
        return qualified(type_) + braced(_elements(contract, schema, value))
    if type_ == "time.Time":
        return moment(value)
    return repr(value) if type_ == "float64" else anything(value)


def _elements(contract: Description, schema: Schema, value: Any) -> list[str]:
    if isinstance(value, dict):
        kind = schema["additionalProperties"]
        return [f"{text(name)}: {_element(contract, kind, each)}" for name, each in value.items()]
    return [_element(contract, schema["items"], each) for each in value]


def _named(contract: Description, type_: str, target: Schema, value: Any) -> str:
    if "enum" in target:
        known = value in target["enum"]
        return f"models.{enum_name(type_, value)}" if known else text(value)
    if "oneOf" in target:
        tag = target["discriminator"]
        member = tag["mapping"][value[tag["propertyName"]]].removeprefix(SCHEMA)
        # Which member is set says which kind it is.
        others = {name: each for name, each in value.items() if name != tag["propertyName"]}
        inner = literal(contract, {"$ref": f"{SCHEMA}{member}"}, others)
        return f"models.{type_}" + composite([(go_name(member), f"&{inner}")])
    needed, schemas = required(contract, target), dict(properties(contract, target))
    fields = [
        (go_name(name), field(contract, schemas[name], each, optional=name not in needed))
        for name, each in value.items()
    ]
    return f"models.{type_}{composite(fields)}"


def _element(contract: Description, schema: Schema, value: Any) -> str:
    """An element of a list. Where the list names the type of its structs, an element need not."""
    nullable, plain = split_null(contract, schema)
    if nullable:
        return "nil" if value is None else pointed(contract, plain, value)
    made = literal(contract, plain, value)
    type_ = qualified(type_of(contract, plain))
    return made.removeprefix(type_) if made.startswith(f"{type_}{{") else made


def anything(value: Any) -> str:
    """A value that has no type but JSON's."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return "map[string]any" + braced([f"{text(name)}: {anything(each)}" for name, each in value.items()])
    if isinstance(value, list):
        return "[]any" + braced([anything(each) for each in value])
    return "nil" if value is None else json.dumps(value)


def moment(value: str) -> str:
    at = datetime.fromisoformat(value).astimezone(UTC)
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond * 1000)
    return f"time.Date({', '.join(map(str, parts))}, time.UTC)"


def text(value: str) -> str:
    """A text in quotes, or in backquotes where those would escape."""
    raw = any(letter in value for letter in '"\n\\') and "`" not in value
    return f"`{value}`" if raw else json.dumps(value, ensure_ascii=False)


def composite(fields: Iterable[tuple[str, str]]) -> str:
    return braced([f"{name}: {value}" for name, value in fields])


def braced(parts: list[str]) -> str:
    """On one line where it fits there; gofmt indents the others."""
    line = ", ".join(parts)
    if len(line) < WIDTH and "\n" not in line:
        return f"{{{line}}}"
    return "{\n" + "".join(f"{part},\n" for part in parts) + "}"


def _of_number(type_: str) -> str:
    return f"[{type_}]" if type_ in NUMBERS else ""
