"""What a schema lets a value be, as far as text can tell: the types to try, and the parts.

Parameters arrive as text. Whether `7` is a number, and `a,b` a list, only the
schema knows; this looks through references and unions for the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cloudmetrics.contract.documents import Documents, Place

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,4299})\Z")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,4299})(\.[0-9]+)?([eE][-+]?[0-9]{1,5})?\Z")

Coerce = Callable[[str], Any]


def _integer(text: str) -> Any:
    return int(text) if INTEGER.match(text) else text


def _number(text: str) -> Any:
    if INTEGER.match(text):
        return int(text)
    number = float(text) if NUMBER.match(text) else text
    # A number too large for a float is no number that anyone meant.
    return text if number in (float("inf"), float("-inf")) else number


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _null(text: str) -> Any:
    return None if text in ("", "null") else text


ATTEMPTS: dict[str, Coerce] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
}


class Shapes:
    """Answers questions about schemas by their places."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    def types(self, place: Place) -> set[str]:
        """Every JSON type that the schema names; empty where it names none."""
        found: set[str] = set()
        for part in self.parts(place):
            schema = self.documents.at(part)
            declared = schema.get("type", [])
            found.update([declared] if isinstance(declared, str) else declared)
            values = [schema["const"]] if "const" in schema else schema.get("enum", [])
            if not declared:
                found.update(_type_of(value) for value in values)
        return found

    def coerce(self, place: Place | None) -> Coerce | None:
        """A function from text to the likeliest value; None where text stays text.

        Text that fits no type stays as it is, for the validator to object to.
        """
        types = self.types(place) if place else set()
        if "string" in types:
            types.discard("null")
        attempts = [ATTEMPTS[name] for name in ATTEMPTS if name in types]
        if not attempts:
            return None
        if len(attempts) == 1:
            return attempts[0]

        def coerce(text: str) -> Any:
            for attempt in attempts:
                value = attempt(text)
                if not isinstance(value, str):
                    return value
            return text

        return coerce

    def items(self, place: Place) -> Place | None:
        """The schema of a list's items, if it has one."""
        return next(self._keyword(place, "items"), None)

    def separated(self, place: Place) -> Place | None:
        """The schema of the list that a text holds as values between commas, if it says so."""
        for part in self.parts(place):
            schema = self.documents.at(part)
            if schema.get("contentMediaType") == "text/csv" and "contentSchema" in schema:
                return part / "contentSchema"
        return None

    def longest(self, place: Place) -> int | None:
        """How many characters a text may have, if the schema says so."""
        found = next(self._keyword(place, "maxLength"), None)
        return None if found is None else int(self.documents.at(found))

    def first_items(self, place: Place) -> list[Place]:
        """The schemas of a list's first items, where each has its own."""
        found = next(self._keyword(place, "prefixItems"), None)
        return [found / index for index in range(len(self.documents.at(found)))] if found else []

    def properties(self, place: Place) -> dict[str, Place]:
        """The schemas of an object's declared fields."""
        found: dict[str, Place] = {}
        for part in self._keyword(place, "properties"):
            for name in self.documents.at(part):
                found.setdefault(name, part / name)
        return found

    def open_ended(self, place: Place) -> Place | bool:
        """What other fields an object may have: their schema, True (any) or False (none)."""
        closing = next(self._keyword(place, "additionalProperties"), None)
        closing = closing or next(self._keyword(place, "unevaluatedProperties"), None)
        if closing is None:
            return True
        value = self.documents.at(closing)
        return value if isinstance(value, bool) else closing

    def default(self, place: Place) -> tuple[Any] | None:
        """The schema's default, in a tuple of one; None where it has none."""
        found = next(self._keyword(place, "default"), None)
        return None if found is None else (self.documents.at(found),)

    def parts(self, place: Place) -> Iterator[Place]:
        """A schema and all that it is put together from: references, allOf, anyOf, oneOf."""
        seen: set[Place] = set()
        todo = [place]
        while todo:
            place = todo.pop(0)
            schema = self.documents.at(place)
            if place in seen or not isinstance(schema, dict):
                continue
            seen.add(place)
            yield place
            if isinstance(schema.get("$ref"), str):
                target = self.documents.schema_target(place, schema["$ref"])
                todo += [target] if target else []
            for keyword in ("allOf", "anyOf", "oneOf"):
                branches = schema.get(keyword, [])
                todo += [place / keyword / index for index in range(len(branches))]

    def _keyword(self, place: Place, keyword: str) -> Iterator[Place]:
        return (part / keyword for part in self.parts(place) if keyword in self.documents.at(part))


def _type_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
