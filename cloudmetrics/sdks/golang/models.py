"""Go's types of the contract, by a generator of ours.

openapi-generator needs Java and a download of 65 MB, and makes 50,000 lines of these that do not compile;
oapi-codegen refuses `type: [string, number, boolean, 'null']`. What is needed is a page of code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudmetrics.sdks.bundle import SCHEMA
from cloudmetrics.sdks.description import Description, Schema
from cloudmetrics.sdks.golang.names import comment, enum_name, go_name

SCALARS = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}


def text(contract: Description) -> str:
    """The file: one type for each component that is more than a scalar."""
    parts = ['package models\n\nimport (\n\t"encoding/json"\n\t"time"\n)\n']
    parts += [_component(contract, name, schema) for name, schema in contract.schemas.items()]
    return "\n".join(part for part in parts if part)


def _component(contract: Description, name: str, schema: Schema) -> str:
    kind, doc = (
        go_name(name),
        comment(f"{go_name(name)}: {schema.get('description', 'see its fields.').strip()}"),
    )
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        lines = [f'\t{enum_name(kind, value)} {kind} = "{value}"' for value in values]
        return (
            f"{doc}type {kind} string\n\n// What {kind} is today; new values may appear.\nconst (\n"
            + "\n".join(lines)
            + "\n)\n"
        )
    if "oneOf" in schema:
        return doc + _union(contract, kind, schema)
    if fields := dict(properties(contract, schema)):
        return doc + _struct(contract, kind, schema, fields)
    return ""


def properties(contract: Description, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The fields of an object, those of `allOf` included."""
    for part in schema.get("allOf", ()):
        yield from properties(contract, dict(contract.resolve(part)))
    yield from schema.get("properties", {}).items()


def required(contract: Description, schema: Schema) -> set[str]:
    listed = set(schema.get("required", ()))
    return listed.union(
        *(required(contract, dict(contract.resolve(part))) for part in schema.get("allOf", ()))
    )


def _struct(contract: Description, kind: str, schema: Schema, fields: dict[str, Schema]) -> str:
    needed = required(contract, schema)
    lines = []
    for name, field in fields.items():
        nullable, plain = split_null(contract, field)
        type_, tag = type_of(contract, plain), name
        if name not in needed:
            # An absent field and null are two things, where the contract takes both.
            type_ = f"Nullable[{type_}]" if nullable else pointer(type_)
            # What is zero is left out; an empty list is not, since it empties what is there.
            tag += ",omitzero"
        elif nullable:
            type_ = pointer(type_)
        doc = comment(contract.resolve(field).get("description", ""), "\t")
        lines.append(f'{doc}\t{go_name(name)} {type_} `json:"{tag}"`')
    return f"type {kind} struct {{\n" + "\n".join(lines) + "\n}\n"


def _union(contract: Description, kind: str, schema: Schema) -> str:
    """One pointer per member, of which one is set, and so tells the kind; a member of tomorrow is in Raw."""
    tag = schema["discriminator"]["propertyName"]
    members = {
        value: go_name(ref.removeprefix(SCHEMA)) for value, ref in schema["discriminator"]["mapping"].items()
    }
    fields = "\n".join(f"\t{member} *{member}" for member in members.values())
    reading = "\n".join(
        f'\tcase "{value}":\n\t\tu.{member} = new({member})\n\t\treturn json.Unmarshal(data, u.{member})'
        for value, member in members.items()
    )
    writing = "\n".join(
        f"\tcase u.{member} != nil:\n\t\tmember := *u.{member}\n"
        f'\t\tmember.{go_name(tag)} = "{value}"\n\t\treturn json.Marshal(member)'
        for value, member in members.items()
    )
    return f"""type {kind} struct {{
{fields}
	// Raw is the whole of it as it came, of whatever kind it is.
	Raw json.RawMessage
}}

// UnmarshalJSON reads one of the members, by its {tag}.
func (u *{kind}) UnmarshalJSON(data []byte) error {{
	*u = {kind}{{Raw: append(json.RawMessage(nil), data...)}}
	switch textOf(data, "{tag}") {{
{reading}
	}}
	return nil
}}

// MarshalJSON writes the member that is set, with its {tag}, or else Raw.
func (u {kind}) MarshalJSON() ([]byte, error) {{
	switch {{
{writing}
	case u.Raw != nil:
		return u.Raw, nil
	}}
	return []byte("null"), nil
}}
"""


def type_of(contract: Description, schema: Schema) -> str:
    """The Go type of a schema that is not null."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMA)
        target = contract.schemas[name]
        named = "enum" in target or "oneOf" in target or bool(dict(properties(contract, target)))
        return go_name(name) if named else type_of(contract, split_null(contract, target)[1])
    kinds: Any = schema.get("type", "string" if "enum" in schema or "const" in schema else None)
    kind = kinds[0] if isinstance(kinds, list) and len(kinds) == 1 else kinds
    if kind == "array":
        return f"[]{element(contract, schema.get('items', {}))}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"map[string]{element(contract, values) if isinstance(values, dict) else 'any'}"
    if kind == "string" and schema.get("format") == "date-time":
        return "time.Time"
    return SCALARS.get(kind, "any") if isinstance(kind, str) else "any"


def element(contract: Description, schema: Schema) -> str:
    nullable, plain = split_null(contract, schema)
    return pointer(type_of(contract, plain)) if nullable else type_of(contract, plain)


def split_null(contract: Description, schema: Schema) -> tuple[bool, Schema]:
    """Whether null is fine, and what the schema is besides."""
    if "anyOf" in schema:
        others = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return len(others) < len(schema["anyOf"]), others[0] if len(others) == 1 else {}
    kinds = schema.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        return len(others) < len(kinds), {**schema, "type": others[0] if len(others) == 1 else others}
    if "$ref" in schema:
        target = contract.schemas[schema["$ref"].removeprefix(SCHEMA)]
        return (split_null(contract, target)[0] if "type" in target else False), schema
    return False, schema


def pointer(type_: str) -> str:
    """What can be absent: lists, maps and `any` can by themselves."""
    return type_ if type_.startswith(("[]", "map[")) or type_ == "any" else f"*{type_}"
