"""Exact amounts of money, which may be far smaller than a cent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

# No sum of costs needs as many digits; one that did would fail rather than be rounded.
EXACT = Context(prec=200, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
ROUNDING = Context(prec=200, rounding=ROUND_HALF_EVEN)
LARGEST_MINOR = 2**63 - 1

# ISO 4217: how many decimals the minor unit of a currency has, where it is not two.
MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount, exactly, in units of its currency."""

    value: Decimal
    currency: str

    @property
    def minor(self) -> int:
        """In minor units, rounded half to even."""
        return int(rounded(self.value, self.currency).scaleb(minor_digits(self.currency), ROUNDING))

    def to_json(self) -> dict[str, Any]:
        minor = self.minor
        return {
            "amount": plain(self.value),
            "amount_minor": minor if abs(minor) <= LARGEST_MINOR else None,
            "currency": self.currency,
        }


def added(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, exactly: the operator + keeps 28 digits only."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def minor_digits(currency: str) -> int:
    return MINOR_DIGITS.get(currency, 2)


def of_minor(minor: int, currency: str) -> Decimal:
    """An integer of minor units, in units."""
    return Decimal(minor).scaleb(-minor_digits(currency), EXACT)


def rounded(value: Decimal, currency: str) -> Decimal:
    """To a whole number of minor units, half to even."""
    return value.quantize(Decimal(1).scaleb(-minor_digits(currency)), context=ROUNDING)


def plain(value: Decimal) -> str:
    """`0.00000080000` → `0.0000008`: without an exponent, trailing zeros, or a negative zero."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
