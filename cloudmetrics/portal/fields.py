"""Schemas as rows of a table: one per field, nested ones indented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 6

# Lower and upper bound, and what they count.
LIMITS = (
    ("minLength", "maxLength", " characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " fields"),
)
# These formats say already how long a text is.
FIXED_LENGTH = ("uuid", "date", "date-time")
INT64 = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Field:
    """A field, parameter or header. `depth` is 0 at the top; `constraints` are short phrases."""

    name: str
    depth: int
    type: str
    required: bool
    description: str
    constraints: list[str]


class Resolver:
    """Follows the `$ref`s of a bundle, which all begin with `#/`."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self.bundle = bundle

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object itself; what stands beside a reference overrides what it leads to."""
        while "$ref" in node:
            target: Any = self.bundle
            for token in node["$ref"].split("/")[1:]:
                target = target[token.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node


def fields(resolver: Resolver, schema: Mapping[str, Any], depth: int = 0) -> Iterator[Field]:
    """The fields of an object (or of the objects in a list), each followed by its own fields."""
    schema = _inner(resolver, schema)
    if depth >= MAX_DEPTH:
        return
    required = schema.get("required", [])
    for name, reference in schema.get("properties", {}).items():
        part = resolver.resolve(reference)
        yield Field(
            name=name,
            depth=depth,
            type=type_name(resolver, reference),
            required=name in required,
            description=part.get("description", ""),
            constraints=constraints(part),
        )
        yield from fields(resolver, reference, depth + 1)


def type_name(resolver: Resolver, schema: Mapping[str, Any]) -> str:
    """A schema's type in words: `string (uuid)`, `list of Website`, `Money or null`."""
    target = resolver.resolve(schema)
    options = [type_name(resolver, option) for key in ("anyOf", "oneOf") for option in target.get(key, [])]
    if options:
        return " or ".join(dict.fromkeys(options))
    declared = target.get("type", "any")
    names = [declared] if isinstance(declared, str) else list(declared)
    if "array" in names:
        return f"list of {type_name(resolver, target.get('items', {}))}"
    if names == ["object"] and "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "format" in target:
        names[0] += f" ({target['format']})"
    return " or ".join(names)


def ending(node: Mapping[str, Any]) -> list[str]:
    """Since when something is deprecated, and when it will be gone."""
    if not node.get("deprecated"):
        return []
    since, sunset = node.get("x-deprecated-since"), node.get("x-sunset")
    return ["deprecated" + (f" since {since}" if since else "") + (f", gone on {sunset}" if sunset else "")]


def constraints(schema: Mapping[str, Any]) -> list[str]:
    """What a value must keep to, in short phrases."""
    phrases = [*ending(schema), *(_range(schema, *limit) for limit in LIMITS)]
    if "enum" in schema:
        phrases.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    if "default" in schema:
        phrases.append(f"`{schema['default']}` by default")
    elif schema.get("examples") and not isinstance(schema["examples"][0], dict):
        phrases.append(f"for example `{schema['examples'][0]}`")
    return [phrase for phrase in phrases if phrase]


def _range(schema: Mapping[str, Any], lower: str, upper: str, unit: str) -> str:
    if lower == "minLength" and schema.get("format") in FIXED_LENGTH:
        return ""
    low, high = (schema.get(key) if schema.get(key) not in INT64 else None for key in (lower, upper))
    if low == high:
        return "" if low is None else f"{low:,}{unit}"
    if high is None:
        return f"at least {low:,}{unit}"
    return f"at most {high:,}{unit}" if low is None else f"{low:,} to {high:,}{unit}"


def _inner(resolver: Resolver, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Past lists and `or null` to the object that has the fields."""
    schema = resolver.resolve(schema)
    if "items" in schema:
        return _inner(resolver, schema["items"])
    options = [resolver.resolve(option) for key in ("anyOf", "oneOf") for option in schema.get(key, [])]
    forms = [option for option in options if option.get("type") == "object"]
    return _merged(forms) if forms else schema


def _merged(forms: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One object with the fields of all forms; required are those that every form requires."""
    properties: dict[str, Any] = {}
    for name in dict.fromkeys(name for form in forms for name in form.get("properties", {})):
        parts = [form["properties"][name] for form in forms if name in form.get("properties", {})]
        # What tells the forms apart has another constant in each.
        constants = [part["const"] for part in parts if "const" in part]
        properties[name] = {**parts[0], "enum": constants} if constants else parts[0]
    required = set.intersection(*(set(form.get("required", [])) for form in forms))
    return {"type": "object", "properties": properties, "required": sorted(required)}
