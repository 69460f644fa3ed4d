"""Who calls, and what they are let near."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cloudmetrics.platform.allowance import Allowance
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.signing import Keyring


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential at work. Whatever is done for a caller goes through `tenant`, its workspace's fence.

    `credential_id` is None where the service works on its own account. `user_id`
    is that of the person whose token it is, and None for a program. `keyring`
    signs what the caller is given to bring back, such as cursors. `allowance` says
    how much the caller may do; None is the service itself, which nothing limits.
    `cors_origins` are the origins whose pages may read what the caller gets.
    """

    tenant: Tenant
    keyring: Keyring
    scopes: frozenset[str] = frozenset()
    credential_id: UUID | None = None
    user_id: UUID | None = None
    allowance: Allowance | None = None
    cors_origins: frozenset[str] = frozenset()
