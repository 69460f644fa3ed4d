"""From a credential to a caller."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from cloudmetrics.accounts.access.service import MEMORY, Changes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.api_keys.models import Identity
from cloudmetrics.accounts.api_keys.secrets import is_well_formed
from cloudmetrics.accounts.api_keys.usage import LastUsed
from cloudmetrics.accounts.networks import admits
from cloudmetrics.accounts.plans import allowance
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.client_address import client_address
from cloudmetrics.gateway.tenancy import require_own
from cloudmetrics.platform import clock
from cloudmetrics.platform.allowance import Allowance
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.signing import Keyring

# How many keys a process remembers at once.
MEMORY_SIZE = 10_000
# A refusal takes this long, whatever is wrong: a look-up is much quicker, and so cannot be seen in it.
REFUSAL_SECONDS = 0.02


class AddressNotAllowed(Unauthorized):
    """The credential is good, but not from this address, whose window counts it as a failed one."""

    status, code, title = 403, "ADDRESS_NOT_ALLOWED", "Not from this address"

    def __init__(self, address: str) -> None:
        super().__init__(f"The credential may not be used from {address}.")


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up of a key, and when the look-up began."""

    begun: float
    identity: Identity
    scopes: frozenset[str]
    allowance: Allowance


def api_key_authenticator(
    database: Database, keyring: Keyring, changes: Changes, used: LastUsed
) -> Authenticator:
    """Checks API keys, wherever in a request they stand.

    A process remembers a good key for a minute, or until it hears that the key or
    its workspace changed, which takes it no more than a second.
    """
    remembered: dict[bytes, _Known] = {}

    async def authenticate(request: Request, credential: str) -> Grant:
        """Raises Unauthorized: the same for every bad key, so that nobody learns what is wrong with it.

        Raises AddressNotAllowed for a good one from the wrong place.
        """
        begun = time.monotonic()
        known = await recognise(credential)
        tenant = await tenant_of(known.identity) if known else None
        if known is None or tenant is None or has_expired(known.identity, tenant):
            await asyncio.sleep(REFUSAL_SECONDS - (time.monotonic() - begun))
            raise Unauthorized
        identity, address = known.identity, client_address(request)
        require_own(request, identity.workspace_id)
        if not all(admits(networks, address) for networks in identity.networks):
            raise AddressNotAllowed(address)
        used.note(identity.workspace_id, identity.key_id)
        caller = Caller(
            tenant=tenant,
            keyring=keyring,
            scopes=known.scopes,
            credential_id=identity.key_id,
            credential_kind="API_KEY",
            allowance=known.allowance,
            cors_origins=identity.cors_origins,
            address=address,
        )
        return Grant(caller, known.scopes)

    async def recognise(credential: str) -> _Known | None:
        digest = api_keys.digest_of(keyring, credential)
        if digest not in remembered and not is_well_formed(credential):
            return None
        await changes.refresh()
        known = remembered.get(digest)
        if known is None or is_stale(known):
            known = await look_up(digest, credential)
        return known

    async def tenant_of(identity: Identity) -> Tenant:
        return await test_clocks.tenant_of(database, identity.workspace_id, is_sandbox=identity.is_sandbox)

    def is_stale(known: _Known) -> bool:
        identity = known.identity
        return time.monotonic() - known.begun > MEMORY or changes.since(
            known.begun, identity.key_id, identity.workspace_id
        )

    async def look_up(digest: bytes, credential: str) -> _Known | None:
        begun = time.monotonic()
        identity = await api_keys.identify(database, keyring, credential)
        if identity is None:
            remembered.pop(digest, None)
            return None
        if len(remembered) >= MEMORY_SIZE:
            remembered.clear()
        granted = allowance(identity.plan, identity.limits)
        remembered[digest] = _Known(begun, identity, expand(identity.scopes), granted)
        return remembered[digest]

    return authenticate


def has_expired(identity: Identity, tenant: Tenant) -> bool:
    return identity.expires_at is not None and identity.expires_at <= clock.now_of(tenant)
