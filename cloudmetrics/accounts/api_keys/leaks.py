"""What is done about a key that was found in public: it ends, the log says so, and the owners hear of it."""

from __future__ import annotations

from dataclasses import replace

from cloudmetrics.accounts import letters
from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.api_keys import store
from cloudmetrics.accounts.api_keys.secrets import is_well_formed
from cloudmetrics.accounts.api_keys.service import digests_of
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.team import store as team
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.mail import send_later
from cloudmetrics.platform.signing import Keyring


async def revoke_leaked(
    database: Database, keyring: Keyring, secret: str, *, found_at: str, reporter: str
) -> bool:
    """Whether this was a key that opened something; from now on it opens nothing.

    `found_at` is where it was found, if that was told, and `reporter` who told.
    """
    if not is_well_formed(secret):
        return False
    owner = await store.owner_of(database, digests_of(keyring, secret))
    if owner is None:
        return False
    workspace = await workspaces.of(Tenant(database, owner[0]))
    # The people of a sandbox are those of its workspace, and so is the log that they read.
    home = workspace.sandbox_of or workspace.id
    async with database.transaction(workspace.id) as transaction:
        key = await store.lock(transaction, *owner)
        if key is None or key.revoked_at is not None:
            return False
        await store.update(transaction, replace(key, revoked_at=clock.now()))
        await access.note(transaction, key.id)
        await transaction.switch_tenant(home)
        subject, details = ("API_KEY", key.id), {"found_at": found_at[:2000], "reporter": reporter}
        await audit.record(transaction, home, Actor(), Action.API_KEY_LEAKED, subject, **details)
        for address in await team.owners(transaction, home):
            letter = letters.leaked_key(address, workspace.name, key.name, key.last_four, found_at)
            await send_later(transaction, keyring, letter)
    return True
