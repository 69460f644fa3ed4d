"""Conditions: what an event has to be to complete a goal, or a step of a funnel."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudmetrics.analytics.metrics.models import Money

PAGEVIEW = "pageview"


class Kind(StrEnum):
    EVENT = "EVENT"
    PAGE = "PAGE"


@dataclass(frozen=True, slots=True)
class Condition:
    """An event of a name, or a view of a page whose path fits a pattern, where it matters earning enough.

    `event_name` is None where `kind` is PAGE, `path_pattern` where it is EVENT.
    """

    kind: Kind
    event_name: str | None = None
    path_pattern: str | None = None
    minimum_revenue: Money | None = None

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Condition:
        """From a body that fits the contract."""
        minimum = sent.get("minimum_revenue")
        return cls(
            Kind(sent["kind"]),
            sent.get("event_name"),
            sent.get("path_pattern"),
            Money(int(minimum["amount_minor"]), minimum["currency"]) if minimum else None,
        )

    def to_json(self) -> dict[str, Any]:
        wanted = (
            {"event_name": self.event_name}
            if self.kind is Kind.EVENT
            else {"path_pattern": self.path_pattern}
        )
        minimum = self.minimum_revenue.to_json() if self.minimum_revenue else None
        return {"kind": self.kind.value, **wanted, "minimum_revenue": minimum}

    def to_sql(self) -> dict[str, Any]:
        """What the queries compare an event with; None where it does not matter."""
        pattern = self.path_pattern
        page_from, page_before = prefix_range(pattern) if pattern is not None else (None, None)
        is_exact = pattern is not None and "*" not in pattern
        return {
            "event_name": PAGEVIEW if self.event_name is None else self.event_name,
            "page": pattern if is_exact else None,
            "page_from": None if is_exact else page_from,
            "page_before": None if is_exact else page_before,
            "page_like": like(pattern) if pattern is not None and not is_exact else None,
            "minimum_revenue": self.minimum_revenue.amount_minor if self.minimum_revenue else None,
        }

    def require_currency(self, currency: str, pointer: str) -> None:
        """Raises CurrencyMismatch where the minimum is in another. `pointer` leads to the condition."""
        if self.minimum_revenue and self.minimum_revenue.currency != currency:
            raise CurrencyMismatch(currency, f"{pointer}/minimum_revenue/currency")


def like(pattern: str) -> str:
    """The pattern for SQL's LIKE, which never tries a `*` anew once what follows it was found."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def prefix_range(pattern: str) -> tuple[str | None, str | None]:
    """Where, in the order of characters, the texts lie that fit: from the first up to before the second.

    None where that end is open.
    """
    prefix = pattern.partition("*")[0]
    if not prefix:
        return None, None
    start, last = prefix[:-1], prefix[-1]
    # Halves of surrogate pairs are no characters.
    following = {0xD7FF: 0xE000}.get(ord(last), ord(last) + 1)
    return prefix, start + chr(following) if following <= sys.maxunicode else None


class CurrencyMismatch(Exception):
    """An amount is not in the website's currency. `pointer` leads to its currency in the body."""

    def __init__(self, currency: str, pointer: str) -> None:
        super().__init__(f"The website's currency is {currency}.")
        self.pointer = pointer
