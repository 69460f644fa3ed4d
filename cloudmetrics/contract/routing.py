"""From a URL to what is kept there: literal segments before templated ones.

A URL without templates is one dictionary look-up. The others walk a tree of
segments; a segment may mix text and variables (`/report.{format}`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")

VARIABLE = re.compile(r"\{([^{}]+)\}")
VARIABLE_TEXT = re.compile(r"\{[^{}]+\}")


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    variable: _Node[T] | None = None
    mixed: list[tuple[re.Pattern[str], _Node[T]]] = field(default_factory=list)
    template: str | None = None
    names: tuple[str, ...] = ()
    value: T | None = None


class Router(Generic[T]):
    """Maps path templates to values."""

    def __init__(self) -> None:
        self._literal: dict[str, T] = {}
        self._root: _Node[T] = _Node()
        self._templates: dict[str, str] = {}

    def add(self, template: str, value: T) -> str | None:
        """Add a path template. Returns the template that already holds the same URLs, if one does."""
        shape = VARIABLE.sub("{}", template)
        if shape in self._templates:
            return self._templates[shape]
        self._templates[shape] = template
        names = tuple(VARIABLE.findall(template))
        if not names:
            self._literal[template] = value
        node = self._root
        for segment in template.split("/")[1:]:
            node = _child(node, segment)
        node.template, node.names, node.value = template, names, value
        return None

    def match(self, path: str) -> tuple[T, dict[str, str]] | None:
        """The value at a URL's path, and the raw (still percent-encoded) variables."""
        if (value := self._literal.get(path)) is not None:
            return value, {}
        if not path.startswith("/"):
            return None  # The base path ended inside a segment: /api is no part of /apis/things.
        found = _walk(self._root, path.split("/")[1:], 0, ())
        if found is None or found[0].value is None:
            return None
        node, values = found
        assert node.value is not None
        return node.value, dict(zip(node.names, values, strict=True))


def _child(node: _Node[T], segment: str) -> _Node[T]:
    names = VARIABLE.findall(segment)
    if not names:
        return node.literals.setdefault(segment, _Node())
    if segment == f"{{{names[0]}}}":
        node.variable = node.variable or _Node()
        return node.variable
    pattern = _pattern(segment)
    known = next((child for regex, child in node.mixed if regex.pattern == pattern.pattern), None)
    if known is None:
        known = _Node()
        node.mixed.append((pattern, known))
    return known


def _pattern(segment: str) -> re.Pattern[str]:
    """A segment of text and variables. Each variable but the last ends where its text first follows.

    The atomic groups keep that decision, and so a long URL that does not fit is
    seen through in linear time.
    """
    first, *between, last = map(re.escape, VARIABLE_TEXT.split(segment))
    middle = "".join(f"(?>(.+?){text})" for text in between)
    return re.compile(f"{first}{middle}(.+?){last}\\Z", re.DOTALL)


def _walk(
    node: _Node[T], segments: list[str], index: int, values: tuple[str, ...]
) -> tuple[_Node[T], tuple[str, ...]] | None:
    while index < len(segments):
        segment = segments[index]
        index += 1
        literal = node.literals.get(segment)
        if literal is None and "%" in segment:
            literal = node.literals.get(unquote(segment))
        if literal is not None:
            if node.variable is None and not node.mixed:
                node = literal  # Nothing else could fit, so there is nothing to come back for.
                continue
            if found := _walk(literal, segments, index, values):
                return found
        for pattern, child in node.mixed:
            if (match := pattern.match(segment)) and (
                found := _walk(child, segments, index, (*values, *match.groups()))
            ):
                return found
        if node.variable is None or not segment:
            return None
        node, values = node.variable, (*values, segment)
    return (node, values) if node.template is not None else None
