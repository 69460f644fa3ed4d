"""What the things of a collection can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from keyword import iskeyword
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import read_moment


class Kind(StrEnum):
    """PostgreSQL's type of a column; every value that is compared with it is cast to that."""

    UUID = "uuid"
    TEXT = "text"
    MOMENT = "timestamptz"
    INTEGER = "bigint"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """A field, by the expression that has its value in the collection's statement.

    `sql` becomes part of statements as it is, so it is never anything but a constant of
    ours. `attribute` is the field's name in the model, where it has another one there.
    `lower` says that it is kept in small letters, however people write it. A state that
    nobody stores has a condition for each of its values in `states`, and no `sql`:
    PostgreSQL cannot estimate how often a CASE is what.
    """

    sql: str = ""
    kind: Kind = Kind.TEXT
    nullable: bool = False
    attribute: str = ""
    lower: bool = False
    states: Mapping[str, str] = field(default_factory=dict)

    @property
    def sorting(self) -> str:
        """The expression to sort by: texts by code point, on every machine alike."""
        return f'{self.sql} COLLATE "C"' if self.kind is Kind.TEXT else self.sql

    def condition(self, operator: str, value: Any, placeholder: str) -> str:
        """What is true of a thing that a filter lets through."""
        if self.states:
            wanted = value if isinstance(value, list) else [value]
            either = " OR ".join(f"({self.states[each]})" for each in wanted)
            return f"NOT ({either})" if operator == "ne" else f"({either})"
        return OPERATORS[operator].format(column=self.sql, value=placeholder, kind=self.kind)

    def read(self, value: Any, parameter: str) -> Any:
        """A value as the contract has checked it, or as the service itself has it. Raises InvalidMoment."""
        if isinstance(value, list):
            return [self.read(each, parameter) for each in value]
        if not isinstance(value, str):
            return value
        if self.kind is Kind.UUID:
            return UUID(value)
        if self.kind is Kind.MOMENT:
            return read_moment(value, parameter)
        return value.lower() if self.lower else value


# The operator behind the colon of a parameter's name → how `column` is compared with `value`, of `kind`.
# A CAST in words, since `-5::bigint` means -(5::bigint), which the least number of all does not survive.
# Something absent is no value, so it differs from each (ne), and is neither more nor less than any.
OPERATORS: Mapping[str, str] = {
    "": "{column} = CAST({value} AS {kind})",
    "ne": "{column} IS DISTINCT FROM CAST({value} AS {kind})",
    "gt": "{column} > CAST({value} AS {kind})",
    "gte": "{column} >= CAST({value} AS {kind})",
    "lt": "{column} < CAST({value} AS {kind})",
    "lte": "{column} <= CAST({value} AS {kind})",
    "in": "{column} = ANY (CAST({value} AS {kind}[]))",
    # No character has a special meaning, as it would have to LIKE.
    "contains": "strpos(lower({column}), lower(CAST({value} AS {kind}))) > 0",
}


def parameter_of(field: str, operator: str) -> str:
    """The name of a filter in a URL."""
    return f"{field}:{operator}" if operator else field


def argument_of(parameter: str) -> str:
    """The same as handlers are given it: Python's own words end in `_`."""
    return f"{parameter}_" if iskeyword(parameter) else parameter.replace(":", "_")
