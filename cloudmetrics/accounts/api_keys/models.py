"""API keys, and what can stand against a wish about one.

ScopeNotHeld         nobody can give away what they lack
KeyNotActive         a key that ended cannot be changed or rotated
ExpiryPassed         a key must end in the future
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.accounts.api_keys.secrets import Mode
from cloudmetrics.accounts.networks import Network
from cloudmetrics.platform.clock import iso

Status = Literal["ACTIVE", "EXPIRED", "REVOKED"]


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
    allowed_networks: tuple[str, ...] = ()
    created_by: UUID | None = None
    rotated_to: UUID | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def status(self, now: datetime) -> Status:
        if self.revoked_at is not None:
            return "REVOKED"
        return "EXPIRED" if self.expires_at is not None and self.expires_at <= now else "ACTIVE"


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as it is shown at some moment; its secret only to whoever has just made it."""

    key: ApiKey
    now: datetime
    secret: str | None = None

    @property
    def id(self) -> UUID:
        return self.key.id

    def to_json(self) -> dict[str, Any]:
        key = self.key
        shown = {
            "id": str(key.id),
            "name": key.name,
            "mode": key.mode.upper(),
            "prefix": f"cm_{key.mode}_",
            "last_four": key.last_four,
            "scopes": sorted(key.scopes),
            "status": key.status(self.now),
            "allowed_networks": list(key.allowed_networks),
            "created_at": iso(key.created_at),
            "created_by": str(key.created_by) if key.created_by else None,
            "expires_at": _moment(key.expires_at),
            "last_used_at": _moment(key.last_used_at),
            "revoked_at": _moment(key.revoked_at),
            "rotated_to": str(key.rotated_to) if key.rotated_to else None,
        }
        return shown if self.secret is None else shown | {"secret": self.secret}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a good key stands for. `plan`, `limits`, `cors_origins` and `is_sandbox` are its workspace's.

    `networks` has the key's and the workspace's, each of which has to admit the
    address that the key is used from.
    """

    workspace_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    plan: str
    limits: Mapping[str, Any]
    cors_origins: frozenset[str]
    expires_at: datetime | None = None
    networks: tuple[tuple[Network, ...], ...] = ()
    is_sandbox: bool = False


class ScopeNotHeld(Exception):
    """The caller lacks scopes that the key has or shall have; `missing` names them."""

    def __init__(self, missing: frozenset[str]) -> None:
        super().__init__(f"Your own credential lacks {', '.join(sorted(missing))}.")
        self.missing = missing


class KeyNotActive(Exception):
    """The key was revoked or rotated, or has expired."""

    def __init__(self) -> None:
        super().__init__("The key was revoked or rotated, or has expired.")


class ExpiryPassed(Exception):
    """The moment at which the key shall end is not in the future."""

    def __init__(self) -> None:
        super().__init__("Must be in the future.")


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
