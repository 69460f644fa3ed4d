"""Allocations: a tag with a value, and the website whose costs it marks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Allocation:
    """Charges with this value of this tag belong to the website, unless an older allocation takes them."""

    id: UUID
    tag_key: str
    tag_value: str
    website_id: UUID
    created_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "tag_key": self.tag_key,
            "tag_value": self.tag_value,
            "website_id": str(self.website_id),
            "created_at": iso(self.created_at),
        }


class TagAllocated(Exception):
    """The value of the tag belongs to a website already."""

    def __init__(self, tag_key: str, tag_value: str) -> None:
        super().__init__(f"Charges with {tag_key}={tag_value} belong to a website already.")
