"""Where a page begins: after a position in an order, rather than after a number of rows.

A position is the values that the last thing of a page is sorted by, the unique key last.
It stays where it is while other things come and go, and even where its own is deleted.
Something absent comes after every value, and so first where the order descends, as
PostgreSQL has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloudmetrics.platform.collections.columns import Column


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order. `bound` is the placeholder of a position's value of it."""

    field: str
    column: Column
    descending: bool = False
    bound: str = ""

    @property
    def order(self) -> str:
        return f"{self.column.sorting} {'DESC' if self.descending else 'ASC'}"

    @property
    def value(self) -> str:
        return f"CAST(%({self.bound})s AS {self.column.kind})"

    def same(self, absent: bool) -> str:
        """What the column of a thing is like at the position."""
        return f"{self.column.sql} IS NULL" if absent else f"{self.column.sorting} = {self.value}"

    def beyond(self, absent: bool) -> str:
        """What it is like after the position."""
        if absent:
            return f"{self.column.sql} IS NOT NULL" if self.descending else "FALSE"
        if self.descending:
            return f"{self.column.sorting} < {self.value}"
        further = f"{self.column.sorting} > {self.value}"
        return f"({further} OR {self.column.sql} IS NULL)" if self.column.nullable else further


def after(terms: Sequence[Term], absent: Sequence[bool]) -> str:
    """The condition for all that comes after a position; `absent` says which of its values are.

    Written so that an index in the order of the terms leads straight to it.
    """
    alike = len({term.descending for term in terms}) == 1
    if alike and not any(term.column.nullable for term in terms):
        columns = ", ".join(term.column.sorting for term in terms)
        values = ", ".join(term.value for term in terms)
        return f"({columns}) {'<' if terms[0].descending else '>'} ({values})"
    condition = "FALSE"
    for term, missing in reversed(list(zip(terms, absent, strict=True))):
        condition = f"({term.beyond(missing)} OR ({term.same(missing)} AND {condition}))"
    first = terms[0]
    if first.column.nullable:
        return condition
    # It follows from the rest, but an index can use only this.
    return f"({first.column.sorting} {'<=' if first.descending else '>='} {first.value} AND {condition})"
