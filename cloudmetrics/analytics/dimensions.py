"""The dimensions of a visitor's day: what its first touch said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """By which days are told apart. The values are names of fields, so they stay as those are."""

    SOURCE = "source"
    MEDIUM = "medium"
    CAMPAIGN = "campaign"
    DEVICE = "device"
    BROWSER = "browser"
    SYSTEM = "system"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class FirstTouch:
    """What the first touch of a day has to be; None where it does not matter."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    device: str | None = None
    browser: str | None = None
    system: str | None = None
    country: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return asdict(self)

    @property
    def used(self) -> dict[str, str]:
        """Those that matter, in the order of the fields."""
        return {name: value for name, value in asdict(self).items() if value is not None}
