"""API keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.api_keys.secrets import Mode


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: never with its secret, only with the last four characters to tell it by."""

    id: UUID
    workspace_id: UUID
    name: str
    mode: Mode
    last_four: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a good key stands for. `plan` and `limits` are its workspace's."""

    workspace_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    plan: str
    limits: Mapping[str, Any]
    expires_at: datetime | None = None
