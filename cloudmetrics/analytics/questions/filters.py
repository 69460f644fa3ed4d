"""Filters: trees of conditions, as the body of a question writes them.

A value that is absent and one that is empty are the same; both are written ''.
So every condition is either true or false, and NOT means what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """At least one of these."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    filter: Filter


@dataclass(frozen=True, slots=True)
class In:
    """The dimension has one of these values, compared exactly."""

    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """The value of the dimension has this text somewhere in it, compared exactly."""

    dimension: str
    text: str


Filter = All | OneOf | Not | In | Contains
Leaf = In | Contains


def from_json(sent: Mapping[str, Any]) -> Filter:
    """From a body that fits the contract."""
    match sent["operator"]:
        case "AND":
            return All(tuple(map(from_json, sent["filters"])))
        case "OR":
            return OneOf(tuple(map(from_json, sent["filters"])))
        case "NOT":
            return Not(from_json(sent["filter"]))
        case "IN":
            return In(sent["dimension"], tuple(sent["values"]))
        case "CONTAINS":
            return Contains(sent["dimension"], sent["value"])
        case operator:
            only = In(sent["dimension"], (sent["value"] or "",))
            return only if operator == "IS" else Not(only)


def leaves(root: Filter | None) -> Iterator[Leaf]:
    """The conditions of a tree, from left to right."""
    match root:
        case All(filters) | OneOf(filters):
            for each in filters:
                yield from leaves(each)
        case Not(inner):
            yield from leaves(inner)
        case In() | Contains():
            yield root


def dimensions(root: Filter | None) -> frozenset[str]:
    """What a tree looks at."""
    return frozenset(leaf.dimension for leaf in leaves(root))


def only_value(root: Filter | None) -> str | None:
    """The one value that is let through, where a tree is nothing but that."""
    match root:
        case In(_, (value,)):
            return value
        case All((inner,)) | OneOf((inner,)):
            return only_value(inner)
        case _:
            return None


def passes(root: Filter | None, value: str) -> bool:
    """Whether a value gets through a filter that looks at its dimension only."""
    match root:
        case None:
            return True
        case All(inner):
            return all(passes(each, value) for each in inner)
        case OneOf(inner):
            return any(passes(each, value) for each in inner)
        case Not(inner_one):
            return not passes(inner_one, value)
        case In(_, values):
            return value in values
        case Contains(_, text):
            return text in value
