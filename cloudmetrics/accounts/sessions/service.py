"""What can be done with browser sessions. `secret` is what stands in the browser's cookie."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.people.journal import record_everywhere
from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.sessions import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.signing import Keyring

LIFETIME = timedelta(hours=12)


async def begin(database: Database, keyring: Keyring, user_id: UUID, secret: str, address: str) -> None:
    """Signs a person in for twelve hours. The secret must be new, so that nobody else can know it."""
    now = clock.now()
    async with database.transaction(NOBODY) as transaction:
        await store.create(transaction, _digests(keyring, secret)[0], user_id, now, now + LIFETIME)
        await record_everywhere(transaction, user_id, Actor(user_id, address=address), Action.SIGNED_IN)


async def find(database: Database, keyring: Keyring, secret: str) -> User | None:
    """Who is signed in, or None. A new password ends all sessions that began before it."""
    return await store.find(database, _digests(keyring, secret), clock.now())


async def end(database: Database, keyring: Keyring, secret: str) -> None:
    """Signs out. Doing it twice changes nothing."""
    await store.delete(database, _digests(keyring, secret))


async def forget_expired(database: Database) -> None:
    """Removes the sessions that are over."""
    await store.forget_expired(database, clock.now())


def _digests(keyring: Keyring, secret: str) -> list[bytes]:
    """The hash under which a session is kept, and those under which it may have been kept before."""
    return keyring.digests("browser session", secret.encode("utf-8", "surrogatepass"))
