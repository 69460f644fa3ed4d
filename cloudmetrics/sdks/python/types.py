"""Python types for schemas: of what is answered, and of what a method may be given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudmetrics.sdks.bundle import SCHEMA
from cloudmetrics.sdks.description import Description, Schema
from cloudmetrics.sdks.python.models import plain

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
# Whoever has the thing gives the thing; whoever has a text gives the text.
FORMATS = {"uuid": "UUID | str", "date-time": "datetime | str", "date": "date | str"}


class Types:
    """Knows the classes that there are: `models`, component without case → class."""

    def __init__(self, contract: Description, models: Mapping[str, str]) -> None:
        self._contract = contract
        self._models = models

    def model(self, component: str) -> str:
        """The class of a component that is answered. Raises KeyError where there is none."""
        return f"models.{self._models[plain(component)]}"

    def answered(self, schema: Schema) -> str:
        """The type of what is answered. Raises ValueError for what has no name in the contract."""
        if "$ref" not in schema:
            kind = schema.get("type")
            if kind == "array":
                return f"builtins.list[{self.answered(schema['items'])}]"
            if isinstance(kind, str) and kind in SCALARS:
                return SCALARS[kind]
            raise ValueError(f"an answer's data needs a component of its own: {schema}")
        name = schema["$ref"].removeprefix(SCHEMA)
        if plain(name) in self._models:
            return self.model(name)
        target = self._contract.schemas[name]
        if "oneOf" in target:
            return " | ".join([*(self.answered(each) for each in target["oneOf"]), "models.Unknown"])
        return self.answered(target)

    def given(self, schema: Schema) -> str:
        """The type of what a method may be given: the thing itself, or what it looks like in JSON."""
        if "$ref" in schema:
            return self._given_component(schema["$ref"].removeprefix(SCHEMA))
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return _either(self.given(each) for each in schema[union])
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            return self._literal(schema["enum"])
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return _either(self._given_kind(kind, schema) for kind in kinds) or "Any"

    def _given_component(self, name: str) -> str:
        schema = self._contract.schemas[name]
        if "enum" in schema:
            # A value that only a newer server knows is given by the class, or as it is where there is none.
            other = self.model(name) if plain(name) in self._models else "str"
            return _either([other, self._literal(schema["enum"])])
        if is_typed_dict(schema):
            # Any model may be given as well, so that what was read can be written back.
            return f"params.{name} | Model"
        if "oneOf" in schema:
            return f"params.{name}"
        return self.given(schema)

    def _given_kind(self, kind: str, schema: Schema) -> str:
        if kind == "string":
            return FORMATS.get(schema.get("format", ""), "str")
        if kind == "array":
            return f"Sequence[{self.given(schema.get('items', {}))}]"
        if kind == "object":
            values = schema.get("additionalProperties")
            return f"Mapping[str, {self.given(values) if isinstance(values, dict) else 'Any'}]"
        return SCALARS[kind]

    def _literal(self, values: list[Any]) -> str:
        literals = ", ".join(repr(value) for value in values if value is not None)
        return f"Literal[{literals}]" + (" | None" if None in values else "")


def is_typed_dict(schema: Schema) -> bool:
    return schema.get("type") == "object" and "properties" in schema


def _either(types: Any) -> str:
    """A union, each member once, in the order in which they come, None last."""
    members = dict.fromkeys(member for each in types for member in each.split(" | "))
    if "None" in members:
        del members["None"]
        members["None"] = None
    return " | ".join(members)
