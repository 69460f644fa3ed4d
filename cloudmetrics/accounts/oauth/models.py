"""What people allow programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.networks import Network, parsed
from cloudmetrics.platform.allowance import Allowance
from cloudmetrics.platform.caller import Role


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said yes to: who may act, where, and what they may do there.

    The client acts in the first of the workspaces where a request names none.
    """

    client_id: UUID
    user_id: UUID
    workspace_ids: tuple[UUID, ...]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that was shown to us, not yet used."""

    digest: bytes
    grant_id: UUID
    consent: Consent
    redirect_uri: str
    challenge: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that was shown to us, not yet used, with the grant that it belongs to."""

    digest: bytes
    grant_id: UUID
    consent: Consent


@dataclass(frozen=True, slots=True)
class Allowed:
    """A program that a person lets in, as the person sees it in a list."""

    id: UUID
    client_name: str
    scopes: frozenset[str]
    created_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands behind a token in a workspace now.

    The client's scopes, None where no client of ours is in it; the role of the
    person, None where the client acts by itself; the workspace's plan, limits,
    networks and origins, whether it waits to be removed, and whether it is a sandbox;
    all workspaces of the grant.
    """

    client_scopes: frozenset[str] | None
    role: Role | None
    plan: str
    limits: Mapping[str, Any]
    networks: tuple[Network, ...]
    cors_origins: frozenset[str]
    deleted: bool
    workspace_ids: tuple[UUID, ...]
    is_sandbox: bool

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Standing:
        scopes = row["client_scopes"]
        return cls(
            client_scopes=None if scopes is None else frozenset(scopes),
            role=row["role"],
            plan=row["plan"],
            limits=row["limits"],
            networks=parsed(row["allowed_networks"]),
            cors_origins=frozenset(row["cors_origins"]),
            deleted=row["deleted"],
            workspace_ids=tuple(row["workspace_ids"]),
            is_sandbox=row["is_sandbox"],
        )


@dataclass(frozen=True, slots=True)
class Powers:
    """What a token may do in one workspace at this moment, and from where.

    A client's own token has no person. `workspace_ids` are those among which the
    token may choose, and `depends_on` is whatever changes these powers when it changes.
    """

    workspace_id: UUID
    scopes: frozenset[str]
    credential_id: UUID
    allowance: Allowance
    networks: tuple[Network, ...]
    cors_origins: frozenset[str]
    workspace_ids: frozenset[UUID]
    depends_on: tuple[UUID, ...]
    user_id: UUID | None = None
    role: Role | None = None
    is_sandbox: bool = False


class Spent(Exception):
    """A code or a refresh token was used a second time. All that it ever gave is revoked."""
