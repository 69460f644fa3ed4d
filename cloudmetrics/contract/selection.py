"""Sparse answers: a request names the fields that it wants, and gets those alone.

A parameter says so with `x-selects: data`: its values are paths, such as
`layout.columns`, of fields of the answer's `data`, or of each thing in it, if it
is a list. The answer is made and checked whole, and only then cut down.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from cloudmetrics.contract import media
from cloudmetrics.contract.documents import Place
from cloudmetrics.contract.errors import Violation
from cloudmetrics.contract.http import Response
from cloudmetrics.contract.parameters import Parameter
from cloudmetrics.contract.shapes import Shapes

# A field's name → what is wanted of it; None is all of it.
Tree = dict[str, "Tree | None"]

MOST_NAMES = 40
SUCCESS = range(200, 300)


class Selection:
    """What one operation lets a request choose among."""

    def __init__(self, parameter: Parameter, selects: str, shapes: Shapes, place: Place) -> None:
        """`place` is the schema of the part of the answer that `selects` names."""
        self.argument = parameter.argument
        self._name = parameter.name
        self._selects = selects
        self._shapes = shapes
        self._place = place

    def check(self, values: Mapping[str, Any], violations: list[Violation]) -> int:
        """Add a violation for each path that leads to no field; how many."""
        paths = values.get(self.argument)
        wrong = [self._fault(str(path)) for path in paths] if isinstance(paths, list) else []
        messages = [message for message in wrong if message]
        violations += [
            Violation("UNKNOWN_FIELD", message, parameter=self._name, field=self._name)
            for message in messages
        ]
        return len(messages)

    def cut(self, response: Response, paths: Iterable[str]) -> None:
        """Leave of a successful answer in JSON only what is wanted."""
        if response.status not in SUCCESS or not isinstance(response.body, bytes) or not response.body:
            return
        if not media.is_json(response.media_type or ""):
            return
        whole = orjson.loads(response.body)
        if self._selects in whole:
            whole[self._selects] = chosen(whole[self._selects], tree(paths))
            response.body = orjson.dumps(whole)

    def _fault(self, path: str) -> str | None:
        """What is wrong with a path; None where it leads to a field."""
        place = self._place
        for name in path.split("."):
            place = self._inside(place)
            fields = self._shapes.properties(place)
            if not fields and "object" in self._shapes.types(place):
                return None  # A map: whatever is in it comes from data.
            if name not in fields:
                return _unknown(path, name, fields)
            place = fields[name]
        return None

    def _inside(self, place: Place) -> Place:
        """The schema of a list's things, however deep the list; else the place itself."""
        while "array" in self._shapes.types(place) and (items := self._shapes.items(place)):
            place = items
        return place


def tree(paths: Iterable[str]) -> Tree:
    """What is wanted, by names: a field that is wanted itself is wanted with all that is in it."""
    root: Tree = {}
    for path in paths:
        branch = root
        *way, last = path.split(".")
        for name in way:
            below = branch.setdefault(name, {})
            if below is None:
                break
            branch = below
        else:
            branch[last] = None
    return root


def chosen(value: Any, wanted: Tree | None) -> Any:
    """A value without what is not wanted of it; lists thing by thing."""
    if wanted is None:
        return value
    if isinstance(value, list):
        return [chosen(each, wanted) for each in value]
    if isinstance(value, dict):
        return {name: chosen(part, wanted[name]) for name, part in value.items() if name in wanted}
    return value


def _unknown(path: str, name: str, fields: Iterable[str]) -> str:
    path, name, names = path[:100], name[:100], list(fields)
    if not names:
        return f"{path}: {name} is not a field, and nothing is inside of what it stands in."
    close = difflib.get_close_matches(name, names, 1)
    there = f"there are {', '.join(names[:MOST_NAMES])}."
    if close:
        return f"{path}: {name} is not a field here; did you mean {close[0]}? T{there[1:]}"
    return f"{path}: {name} is not a field here; {there}"
