"""Enumerations that may grow: a value of a newer server is a member too, of the right type."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """A text out of a list that may grow. `Role("ADMIN") is Role.ADMIN`, and `Role("NEW") == "NEW"`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member
