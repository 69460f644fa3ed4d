"""Who calls, and what they are let near."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.signing import Keyring


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential at work. Whatever is done for a caller goes through `tenant`, its workspace's fence.

    `credential_id` is None where the service works on its own account. `keyring`
    signs what the caller is given to bring back, such as cursors.
    """

    tenant: Tenant
    keyring: Keyring
    scopes: frozenset[str] = frozenset()
    credential_id: UUID | None = None
