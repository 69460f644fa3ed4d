"""What an answer depends on besides its question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """The websites that a question is about, as they are at one moment.

    `digest` changes with every change of their data, their time zones, their
    currencies, or of which websites there are. `timezone` and `currency` are
    the one website's where the question names one, or else the workspace's.
    `currencies` are those of the websites, sorted.
    """

    websites: int
    digest: str
    timezone: str
    currency: str
    currencies: tuple[str, ...]
