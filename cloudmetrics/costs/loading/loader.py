"""Adding up the charges of a file, in memory that does not grow with it."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from cloudmetrics.costs.dimensions import ALL, OF_SERIES, TAG, is_added_up
from cloudmetrics.costs.focus.charges import FocusFile
from cloudmetrics.costs.focus.models import BadRow, Charge, FileUnfit, Series, Slice
from cloudmetrics.costs.imports.models import MOST_ERRORS, OnError
from cloudmetrics.costs.money import EXACT

ROWS_AT_ONCE = 20_000
MOST_DAYS = 50_000
MOST_CHARACTERS = 2**24
MOST_TOTALS = 100_000
MOST_BILLS = 1_000
# Which texts of a series' traits are added up by their values.
ADDED_UP = [(name, place) for place, name in enumerate(OF_SERIES) if is_added_up(name)]

Sums = list[Decimal]
# A bill, a dimension, its value, a day and a currency.
Cell = tuple[Slice, str, str, date, str]


@dataclass
class Portion:
    """Costs added up, ready to be stored: per series and day, and per dimension, value and day.

    `charges` says how many rows of each bill are in it, `size` about how many characters it holds.
    """

    series: dict[UUID, Series] = field(default_factory=dict)
    days: dict[tuple[UUID, date], Sums] = field(default_factory=dict)
    totals: dict[Cell, Sums] = field(default_factory=dict)
    charges: dict[Slice, int] = field(default_factory=dict)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.days) >= MOST_DAYS or self.size >= MOST_CHARACTERS

    def days_of_bills(self) -> dict[Slice, set[date]]:
        """The bills that something in it is about, each with its days."""
        found: dict[Slice, set[date]] = {}
        for series_id, day in self.days:
            found.setdefault(self.series[series_id].slice, set()).add(day)
        for bill, _, _, day, _ in self.totals:
            found.setdefault(bill, set()).add(day)
        return found


class Loader:
    """Reads a file row by row, and adds up. None of it waits for anything but the file's pieces.

    `rows`, `rejected` and `errors` tell of all rows that were read. With ABORT, nothing is
    kept any more once a row was rejected, but reading goes on, to tell of all that is wrong.
    """

    def __init__(self, file: FocusFile, on_error: OnError) -> None:
        self._rows: Iterator[Charge | BadRow] = iter(file)
        self._on_error = on_error
        self._bills: set[Slice] = set()
        self._portion = Portion()
        self._totals: dict[Cell, Sums] = {}
        self.rows = 0
        self.rejected = 0
        self.errors: list[BadRow] = []

    @property
    def is_off(self) -> bool:
        """Whether nothing of the file is to be loaded."""
        return self._on_error is OnError.ABORT and self.rejected > 0

    @property
    def is_full(self) -> bool:
        return self._portion.is_full

    def advance(self) -> bool:
        """Reads the next rows; False where there are none left. Raises FileUnfit."""
        until = self.rows + ROWS_AT_ONCE
        with decimal.localcontext(EXACT):
            for row in self._rows:
                self.rows += 1
                if isinstance(row, BadRow):
                    self._reject(row)
                elif not self.is_off:
                    self._add(row)
                if self.rows >= until or self._portion.is_full:
                    return True
        return False

    def take(self, *, last: bool = False) -> Iterator[Portion]:
        """What was added up. Totals, which many series share, are kept back until they are many."""
        taken, self._portion = self._portion, Portion()
        days = iter(taken.days.items())
        while self._add_up(taken, days):
            yield Portion(totals=self._give_totals())
        if last:
            taken.totals = self._give_totals()
        yield taken

    def _add_up(self, taken: Portion, days: Iterator[tuple[tuple[UUID, date], Sums]]) -> bool:
        """Adds days to the totals; True where it stopped because these are many."""
        with decimal.localcontext(EXACT):
            for (series_id, day), costs in days:
                _add_up(self._totals, taken.series[series_id], day, costs)
                if len(self._totals) >= MOST_TOTALS:
                    return True
        return False

    def _give_totals(self) -> dict[Cell, Sums]:
        given, self._totals = self._totals, {}
        return given

    def _reject(self, row: BadRow) -> None:
        self.rejected += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(row)
        if self.is_off:
            self._portion, self._totals = Portion(), {}

    def _add(self, charge: Charge) -> None:
        portion, series = self._portion, charge.series
        if series.id not in portion.series:
            self._bills.add(series.slice)
            if len(self._bills) > MOST_BILLS:
                message = f"The file has more than {MOST_BILLS:,} bills of a provider to an account."
                raise FileUnfit("TOO_MANY_BILLS", message)
            portion.series[series.id] = series
            portion.size += series.size
        portion.charges[series.slice] = portion.charges.get(series.slice, 0) + 1
        _add(portion.days, (series.id, charge.day), charge.costs)


def _add_up(totals: dict[Cell, Sums], series: Series, day: date, costs: Sums) -> None:
    """Adds a day of a series to the totals of all that it is part of."""
    bill, currency = series.slice, series.currency
    _add(totals, (bill, ALL, "", day, currency), costs)
    for name, place in ADDED_UP:
        _add(totals, (bill, name, series.traits[place], day, currency), costs)
    for key, value in series.tags.items():
        if value:
            _add(totals, (bill, TAG + key, value, day, currency), costs)


def _add(sums: dict[Any, Sums], key: Any, costs: Sums | tuple[Decimal, ...]) -> None:
    known = sums.get(key)
    if known is None:
        sums[key] = list(costs)
        return
    known[0] += costs[0]
    known[1] += costs[1]
    known[2] += costs[2]
    known[3] += costs[3]
