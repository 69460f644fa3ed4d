"""Charges, and what keeps a row or a file from being read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID


class Slice(NamedTuple):
    """What an import replaces as a whole: a provider's bill to a billing account for a period.

    `billing_period` is the day on which it starts.
    """

    provider: str
    billing_account: str
    billing_period: date


@dataclass(frozen=True, slots=True)
class Series:
    """What charges have in common that differ in their time and their amounts only.

    `id` is a hash of all the rest. `traits` has a text per dimension of a charge, '' where
    it is absent, in the order of dimensions.OF_SERIES. `size` is about how many characters
    it holds.
    """

    id: UUID
    slice: Slice
    currency: str
    traits: tuple[str, ...]
    tags: Mapping[str, str]
    size: int


class Costs(NamedTuple):
    """The four costs of FOCUS. One that a row does not tell is 0."""

    billed: Decimal
    effective: Decimal
    listed: Decimal
    contracted: Decimal


class Charge(NamedTuple):
    """One good row. `day` is the day of UTC on which its charge period starts."""

    series: Series
    day: date
    costs: Costs


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded. `column` is None where it is about the row as a whole."""

    line: int
    code: str
    message: str
    column: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "code": self.code, "message": self.message}


class Unfit(Exception):
    """A value that a row cannot have."""

    def __init__(self, code: str, message: str, column: str) -> None:
        super().__init__(message)
        self.code = code
        self.column = column

    def at(self, line: int) -> BadRow:
        return BadRow(line, self.code, str(self), self.column)


class FileUnfit(Exception):
    """A file of which nothing can be loaded; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
