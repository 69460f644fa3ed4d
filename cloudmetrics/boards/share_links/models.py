"""Share links, and the tokens that open them."""

from __future__ import annotations

import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row
from cloudmetrics.platform.signing import Keyring

# Where people open it, below the address of the service.
PAGE = "/shared/dashboard"
# So that whoever finds one knows what it is.
PREFIX = "cm_share_"
SECRET_BYTES = 32
PURPOSE = "share link"


def new_token(workspace_id: UUID) -> str:
    """Says in which workspace to look for it, and proves by 256 random bits that it was made here."""
    return PREFIX + urlsafe_b64encode(workspace_id.bytes + secrets.token_bytes(SECRET_BYTES)).decode()


def workspace_of(token: str) -> UUID | None:
    """Where to look for a token, or None for a text that is no token of ours."""
    try:
        packed = b64decode(token.removeprefix(PREFIX).encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if not token.startswith(PREFIX) or len(packed) != len(UUID(int=0).bytes) + SECRET_BYTES:
        return None
    return UUID(bytes=packed[:-SECRET_BYTES])


def digests_of(keyring: Keyring, token: str) -> list[bytes]:
    """The keyed hashes under which a token may be stored, the newest first."""
    return keyring.digests(PURPOSE, token.encode())


@dataclass(frozen=True, slots=True)
class ShareLink:
    """`now` is the moment at which it is looked at, which decides whether it has expired."""

    id: UUID
    dashboard_id: UUID
    name: str
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    now: datetime

    @classmethod
    def from_row(cls, row: Row, now: datetime) -> ShareLink:
        names = ("id", "dashboard_id", "name", "created_by", "created_at", "expires_at", "revoked_at")
        return cls(now=now, **{name: row[name] for name in names})

    @property
    def status(self) -> str:
        if self.revoked_at is not None:
            return "REVOKED"
        return "EXPIRED" if self.expires_at <= self.now else "ACTIVE"

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "dashboard_id": str(self.dashboard_id),
            "name": self.name,
            "status": self.status,
            "created_by": str(self.created_by) if self.created_by else None,
            "created_at": iso(self.created_at),
            "expires_at": iso(self.expires_at),
            "revoked_at": iso(self.revoked_at) if self.revoked_at else None,
        }


@dataclass(frozen=True, slots=True)
class NewShareLink:
    """A link with its token, which is never seen again."""

    link: ShareLink
    token: str
    base_url: str

    @property
    def id(self) -> UUID:
        return self.link.id

    def to_json(self) -> dict[str, Any]:
        url = f"{self.base_url}{PAGE}?token={self.token}"
        return {**self.link.to_json(), "token": self.token, "url": url}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a good token opens. `ahead` is how far the workspace's clock was moved."""

    workspace_id: UUID
    share_link_id: UUID
    ahead: timedelta
