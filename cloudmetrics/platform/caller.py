"""Who calls, and what they are let near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from cloudmetrics.platform.allowance import Allowance
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.signing import Keyring

Role = Literal["OWNER", "ADMIN", "EDITOR", "VIEWER"]
CredentialKind = Literal["API_KEY", "OAUTH_TOKEN"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential at work. Whatever is done for a caller goes through `tenant`, its workspace's fence.

    `credential_id` is None where the service works on its own account. `user_id`
    and `role` are those of the person whose token it is, and None for a program.
    `scopes` are what the credential may do, already cut down to the person's role.
    `keyring` signs what the caller is given to bring back, such as cursors.
    `allowance` says how much the caller may do; None is the service itself, which
    nothing limits. `address` is where the request came from. `workspace_ids` are
    the workspaces among which a person's token may choose; a program has but one.
    `cors_origins` are the origins whose pages may read what the caller gets.
    """

    tenant: Tenant
    keyring: Keyring
    scopes: frozenset[str] = frozenset()
    credential_id: UUID | None = None
    user_id: UUID | None = None
    allowance: Allowance | None = None
    credential_kind: CredentialKind | None = None
    role: Role | None = None
    address: str | None = None
    workspace_ids: frozenset[UUID] = frozenset()
    cors_origins: frozenset[str] = frozenset()
