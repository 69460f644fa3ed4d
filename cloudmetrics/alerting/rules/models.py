"""Rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.alerting.rules.conditions import complete
from cloudmetrics.alerting.rules.states import State
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row

STATE_COLUMNS = tuple(each.name for each in fields(State))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a user says of a rule; all of it can be replaced.

    `condition` is JSON, as the contract writes it. The rule fires after so many
    evaluations in a row for it, a minute apart, and resolves after so many against it.
    The windows that it looks at end `delay_minutes` ago.
    """

    name: str
    enabled: bool
    condition: Mapping[str, Any]
    fire_after: int
    resolve_after: int
    delay_minutes: int
    channel_ids: tuple[UUID, ...]

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Terms:
        """From a body that fits the contract, defaults filled in."""
        return cls(
            sent["name"],
            sent["enabled"],
            complete(sent["condition"]),
            sent["fire_after"],
            sent["resolve_after"],
            sent["delay_minutes"],
            tuple(UUID(each["channel_id"]) for each in sent["channels"]),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "enabled": self.enabled,
            "condition": dict(self.condition),
            "fire_after": self.fire_after,
            "resolve_after": self.resolve_after,
            "delay_minutes": self.delay_minutes,
            "channels": [{"channel_id": str(channel_id)} for channel_id in self.channel_ids],
        }


@dataclass(frozen=True, slots=True)
class Rule:
    id: UUID
    terms: Terms
    muted_until: datetime | None
    created_at: datetime
    updated_at: datetime
    state: State

    @classmethod
    def from_row(cls, row: Row) -> Rule:
        terms = Terms(
            row["name"],
            row["enabled"],
            row["condition"],
            row["fire_after"],
            row["resolve_after"],
            row["delay_minutes"],
            tuple(row["channel_ids"]),
        )
        state = State(**{name: row[name] for name in STATE_COLUMNS})
        return cls(row["id"], terms, row["muted_until"], row["created_at"], row["updated_at"], state)

    @property
    def name(self) -> str:
        return self.terms.name

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and now < self.muted_until

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            **self.terms.to_json(),
            "state": self.state.standing(),
            "muted_until": iso(self.muted_until) if self.muted_until else None,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


class TooManyAlerts(Exception):
    """The workspace has as many alerts as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A workspace has at most {most:,} alerts.")


class NotFiring(Exception):
    """There is no open incident to acknowledge."""

    def __init__(self) -> None:
        super().__init__("The alert is not firing, so there is nothing to acknowledge.")


class MuteInPast(Exception):
    """An alert can be muted until a moment to come only."""

    def __init__(self) -> None:
        super().__init__("Name a moment in the future.")
