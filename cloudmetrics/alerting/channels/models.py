"""Channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso


class Kind(StrEnum):
    EMAIL = "EMAIL"
    SLACK = "SLACK"
    WEBHOOK = "WEBHOOK"


@dataclass(frozen=True, slots=True)
class Channel:
    """Whom alerts tell. `destination` is what may be shown: an address, or the host of a URL."""

    id: UUID
    name: str
    kind: Kind
    destination: str
    created_at: datetime
    updated_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "kind": self.kind.value,
            "destination": self.destination,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


@dataclass(frozen=True, slots=True)
class ChannelWithSecret:
    """A channel that was just made. `secret` signs what a WEBHOOK gets, and is told only here."""

    channel: Channel
    secret: str | None

    @property
    def id(self) -> UUID:
        return self.channel.id

    def to_json(self) -> dict[str, Any]:
        return self.channel.to_json() | {"secret": self.secret}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a channel leads. `address` is an e-mail address or a URL."""

    kind: Kind
    address: str
    secret: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "address": self.address, "secret": self.secret}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Route:
        return cls(Kind(kept["kind"]), kept["address"], kept["secret"])


class UnfitDestination(Exception):
    """Nothing can be sent to such a URL; the message says why."""


class ChannelInUse(Exception):
    """Alerts still tell it."""

    def __init__(self, alerts: int) -> None:
        what = "1 alert still tells" if alerts == 1 else f"{alerts:,} alerts still tell"
        super().__init__(f"{what} this channel. Take it out of them first.")


class TooManyChannels(Exception):
    """The workspace has as many channels as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A workspace has at most {most:,} channels.")
