"""A collection: what a caller asks of it, as SQL, and the answer as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson

from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections.columns import (
    OPERATORS,
    Column,
    argument_of,
    parameter_of,
)
from cloudmetrics.platform.collections.keyset import Term, after
from cloudmetrics.platform.paging import Page, seal, unseal

Item = TypeVar("Item")

LIMIT = 100
# What a query says besides filters.
NO_FILTERS = frozenset({"sort", "expand", "cursor", "limit"})


class Collection:
    """Things that are listed: by what they can be filtered and sorted.

    `key` names the unique column that decides between things which are alike in all
    others; `order` is how they come where nothing else was asked for. `also` has filters
    by other names: name → field and operator, such as `from` → `recorded_at`, `gte`.
    `unless_asked` has filters that hold where a query says nothing else.
    """

    def __init__(
        self,
        name: str,
        columns: Mapping[str, Column],
        *,
        key: str = "id",
        order: str = "id:asc",
        also: Mapping[str, tuple[str, str]] | None = None,
        unless_asked: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.key = key
        self.order = order
        self.unless_asked = dict(unless_asked or {})
        self._usual = self._terms([order])
        filters = {
            parameter_of(name, operator): (name, operator) for name in columns for operator in OPERATORS
        } | dict(also or {})
        # Handlers are given arguments, and callers want to read their own words.
        self._filters = {argument_of(name): (name, *compared) for name, compared in filters.items()}

    def ask(self, caller: Caller, asked: Mapping[str, Any], **also: Any) -> Asked:
        """What is asked for, from the arguments that the engine gives a handler.

        Filters, `sort`, `cursor` and `limit` are read. `also` is what else a cursor belongs to.
        Raises InvalidCursor, InvalidMoment, and TypeError for a filter that no column has,
        since a list that left it out would show what it must not.
        """
        filters = self.unless_asked | {
            name: value for name, value in asked.items() if value is not None and name not in NO_FILTERS
        }
        conditions, parameters = [], {}
        for argument, value in filters.items():
            condition, parameters[argument] = self._condition(argument, value)
            conditions.append(condition)
        sort = asked.get("sort")
        terms = self._terms(sort) if sort else self._usual
        order = [term.order for term in terms]
        listing = orjson.dumps([self.name, filters, order, also], default=str, option=orjson.OPT_SORT_KEYS)
        limit = asked.get("limit") or LIMIT
        found = Asked(caller, listing.decode(), terms, limit, conditions, parameters | {"limit": limit + 1})
        cursor = asked.get("cursor")
        return found if cursor is None else found.from_cursor(cursor)

    def _condition(self, argument: str, value: Any) -> tuple[str, Any]:
        """A filter as SQL, with the value that its placeholder stands for."""
        if argument not in self._filters:
            raise TypeError(f"{self.name} cannot be filtered by {argument}")
        parameter, name, operator = self._filters[argument]
        column = self.columns[name]
        condition = column.condition(operator, value, f"%({argument})s")
        return condition, column.read(value, parameter)

    def _terms(self, sort: Sequence[str]) -> list[Term]:
        """The whole order, ending with the key, in the direction of what stands before it."""
        terms: dict[str, Term] = {}
        for each in sort:
            name, _, direction = each.partition(":")
            terms.setdefault(name, Term(name, self.columns[name], direction == "desc"))
            if name == self.key:
                break
        else:
            descending = list(terms.values())[-1].descending
            terms[self.key] = Term(self.key, self.columns[self.key], descending)
        return [replace(term, bound=f"after_{index}") for index, term in enumerate(terms.values())]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks of a collection. A store reads one thing more than `limit`."""

    caller: Caller
    listing: str
    terms: list[Term]
    limit: int
    conditions: list[str]
    parameters: dict[str, Any] = field(default_factory=dict)

    def statement(self, sql: str) -> str:
        """A statement of ours, with what is asked for in the place of `{where}` and `{order}`."""
        where = " AND ".join(self.conditions) or "TRUE"
        order = ", ".join(term.order for term in self.terms)
        return sql.replace("{where}", where).replace("{order}", order)

    def page(self, found: Sequence[Item]) -> Page[Item]:
        """A page of what a store found, which has a cursor where it found more than it holds."""
        items = list(found[: self.limit])
        more = len(found) > self.limit
        return Page(items, self._cursor(items[-1]) if more else None)

    def from_cursor(self, cursor: str) -> Asked:
        """The same from where a page ended. Raises InvalidCursor."""
        position = orjson.loads(unseal(self.caller, self.listing, cursor))
        bounds = {term.bound: value for term, value in zip(self.terms, position, strict=True)}
        condition = after(self.terms, [value is None for value in position])
        return replace(self, conditions=[*self.conditions, condition], parameters=self.parameters | bounds)

    def _cursor(self, item: object) -> str:
        position = [getattr(item, term.column.attribute or term.field) for term in self.terms]
        return seal(self.caller, self.listing, orjson.dumps(position, option=orjson.OPT_UTC_Z).decode())
