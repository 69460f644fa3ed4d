"""Defaults that a body's schema declares, filled into what the client left out.

Filled in after validation, since a default is part of the meaning, not of the
message. Unions are left alone: which of their forms was meant is not said.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from cloudmetrics.contract.documents import Documents, Place

Complete = Callable[[Any], Any]


def completer(documents: Documents, place: Place) -> Complete | None:
    """A function that returns a value with defaults filled in; None where there are none."""
    return _Completers(documents).at(place)


class _Completers:
    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.busy: set[Place] = set()

    def at(self, place: Place) -> Complete | None:
        if place in self.busy:
            return None  # A recursive schema's defaults are filled in at its first level.
        self.busy.add(place)
        try:
            steps = self._steps(place)
        finally:
            self.busy.discard(place)
        if not steps:
            return None

        def complete(value: Any) -> Any:
            for step in steps:
                value = step(value)
            return value

        return complete

    def _steps(self, place: Place) -> list[Complete]:
        schema = self.documents.at(place)
        if not isinstance(schema, dict):
            return []
        steps: list[Complete | None] = []
        if isinstance(schema.get("$ref"), str):
            target = self.documents.schema_target(place, schema["$ref"])
            steps.append(self.at(target) if target else None)
        steps += [self.at(place / "allOf" / index) for index in range(len(schema.get("allOf", [])))]
        if isinstance(schema.get("items"), dict) and (inner := self.at(place / "items")):
            steps.append(_each(inner))
        for name in schema.get("properties", {}):
            steps.append(self._property(place / "properties" / name, name))
        return [step for step in steps if step is not None]

    def _property(self, place: Place, name: str) -> Complete | None:
        schema = self.documents.at(place)
        inner = self.at(place)
        if not isinstance(schema, dict) or ("default" not in schema and inner is None):
            return None
        default = (schema["default"],) if "default" in schema else ()

        def fill(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            if name in value:
                if inner is not None:
                    value[name] = inner(value[name])
            elif default:
                value[name] = copy.deepcopy(default[0])
            return value

        return fill


def _each(inner: Complete) -> Complete:
    return lambda value: [inner(item) for item in value] if isinstance(value, list) else value
