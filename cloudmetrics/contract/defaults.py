"""Defaults that a body's schema declares, filled into what the client left out.

Filled in after validation, since a default is part of the meaning, not of the
message. Unions are left alone: which of their forms was meant is not said.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from cloudmetrics.contract.documents import Documents, Place

Complete = Callable[[Any], Any]


class Defaults:
    """Knows of every schema which defaults it and the schemas inside it declare."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        # One per schema: schemas refer to each other in circles, and in more ways than can be walked.
        self.known: dict[Place, _Schema] = {}

    def completer(self, place: Place) -> Complete | None:
        """A function that returns a value with defaults filled in; None where there are none."""
        schema = self._at(place)
        _mark_useful(schema)
        return schema.complete if schema.useful else None

    def _at(self, place: Place) -> _Schema:
        if place in self.known:
            return self.known[place]
        self.known[place] = found = _Schema()
        node = self.documents.at(place)
        if not isinstance(node, dict):
            return found
        if isinstance(node.get("$ref"), str):
            target = self.documents.schema_target(place, node["$ref"])
            found.whole += [self._at(target)] if target else []
        found.whole += [self._at(place / "allOf" / index) for index in range(len(node.get("allOf", [])))]
        if isinstance(node.get("items"), dict):
            found.items = self._at(place / "items")
        for name, field in node.get("properties", {}).items():
            found.fields[name] = self._at(place / "properties" / name)
            if isinstance(field, dict) and "default" in field:
                found.defaults[name] = field["default"]
        return found


class _Schema:
    """What one schema says of a value: its fields' defaults, and the schemas that say more."""

    def __init__(self) -> None:
        self.defaults: dict[str, Any] = {}
        self.whole: list[_Schema] = []
        self.fields: dict[str, _Schema] = {}
        self.items: _Schema | None = None
        self.useful = False

    def inner(self) -> Iterator[_Schema]:
        yield from self.whole
        yield from self.fields.values()
        if self.items is not None:
            yield self.items

    def complete(self, value: Any) -> Any:
        for part in self.whole:
            if part.useful:
                part.complete(value)
        if isinstance(value, dict):
            self._complete_fields(value)
        elif isinstance(value, list) and self.items is not None and self.items.useful:
            for item in value:
                self.items.complete(item)
        return value

    def _complete_fields(self, value: dict[str, Any]) -> None:
        for name, field in self.fields.items():
            if field.useful and name in value:
                field.complete(value[name])
        for name, default in self.defaults.items():
            if name not in value:
                value[name] = copy.deepcopy(default)


def _mark_useful(schema: _Schema) -> None:
    """Find out which of the schemas that this one leads to have defaults in them, or lead to some."""
    reached = {id(schema): schema}
    todo = [schema]
    while todo:
        for inner in todo.pop().inner():
            if id(inner) not in reached:
                reached[id(inner)] = inner
                todo.append(inner)
    changed = True
    while changed:
        changed = False
        for each in reached.values():
            if not each.useful and (each.defaults or any(inner.useful for inner in each.inner())):
                each.useful = changed = True
