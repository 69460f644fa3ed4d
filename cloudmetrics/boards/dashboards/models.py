"""Dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.trash.models import shown
from cloudmetrics.boards.ranges import RangeName
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row


@dataclass(frozen=True, slots=True)
class Settings:
    """What an editor decides about a dashboard.

    Its widgets are about the website `website_id` (all of them, where it is None)
    and the days of `range`, unless they say otherwise. Lists go by `position`.
    """

    name: str
    description: str | None = None
    website_id: UUID | None = None
    range: RangeName = RangeName.LAST_30_DAYS
    position: int = 0

    @classmethod
    def from_json(cls, sent: dict[str, Any]) -> Settings:
        """From a body that fits the contract."""
        website_id = sent.get("website_id")
        return cls(
            sent["name"],
            sent.get("description"),
            UUID(website_id) if website_id else None,
            RangeName(sent["range"]),
            int(sent["position"]),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "website_id": str(self.website_id) if self.website_id else None,
            "range": self.range.value,
            "position": self.position,
        }


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`is_favourite` is about whoever asked."""

    id: UUID
    settings: Settings
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    is_favourite: bool = False

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def position(self) -> int:
        return self.settings.position

    @classmethod
    def from_row(cls, row: Row) -> Dashboard:
        settings = Settings(
            row["name"],
            row["description"],
            row["website_id"],
            RangeName(row["date_range"]),
            row["position"],
        )
        names = ("id", "created_at", "updated_at", "deleted_at", "is_favourite")
        return cls(settings=settings, **{name: row[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            **self.settings.to_json(),
            "is_favourite": self.is_favourite,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
            **shown(self.deleted_at),
        }


class NameTaken(Exception):
    """Another dashboard of the workspace has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another dashboard of the workspace has the name {name}.")
