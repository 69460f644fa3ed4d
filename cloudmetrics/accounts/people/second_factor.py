"""Second factors: time-based one-time codes (RFC 6238), and recovery codes for when the device is lost."""

from __future__ import annotations

import hmac
import re
import secrets
from uuid import UUID

import pyotp

from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.people import store
from cloudmetrics.accounts.people.journal import record_and_tell
from cloudmetrics.accounts.people.models import (
    Enrolment,
    SecondFactorPresent,
    SignInFailed,
    User,
    WrongCode,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.signing import Keyring

ISSUER = "CloudMetrics"
STEP_SECONDS = 30
# Clocks of telephones are a little off: a code of the half minute before or after is as good.
TOLERANCE = (-1, 0, 1)
RECOVERY_CODES = 10
# No letter that could be taken for a figure.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


async def is_set_up(database: Database, user: User) -> bool:
    """Whether the person signs in with a second factor."""
    return await store.has_factor(database, user.id)


async def begin(database: Database, keyring: Keyring, user: User) -> Enrolment:
    """A new secret, worth nothing until a code of it was shown. Raises SecondFactorPresent."""
    secret = pyotp.random_base32()
    async with database.transaction(NOBODY) as transaction:
        if not await store.begin_factor(transaction, user.id, _seal(keyring, user.id, secret)):
            raise SecondFactorPresent
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER))


async def confirm(
    database: Database, keyring: Keyring, user: User, code: str, *, address: str | None
) -> list[str]:
    """Puts the secret to use, and returns the recovery codes, which nobody can see again.

    Raises WrongCode, also where there is no secret to confirm.
    """
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    now = clock.now()
    async with database.transaction(NOBODY) as transaction:
        sealed = await store.pending_factor(transaction, user.id)
        step = None if sealed is None else step_of(_unseal(keyring, user.id, sealed), code, now.timestamp())
        if step is None:
            raise WrongCode
        digests = [_recovery_digests(keyring, user.id, each)[0] for each in codes]
        await store.confirm_factor(transaction, user.id, step, digests, now)
        await record_and_tell(
            transaction, user.id, Actor(user.id, address=address), Action.SECOND_FACTOR_ENABLED
        )
    return codes


async def remove(database: Database, user: User, *, address: str | None) -> None:
    """Takes the second factor away, and its recovery codes. Whoever asks has signed in with it anew."""
    async with database.transaction(NOBODY) as transaction:
        if await store.remove_factor(transaction, user.id):
            actor = Actor(user.id, address=address)
            await record_and_tell(transaction, user.id, actor, Action.SECOND_FACTOR_REMOVED)


async def require_code(database: Database, keyring: Keyring, account: store.Account, code: str) -> None:
    """Accepts a code, once. Raises SignInFailed."""
    user_id = account.user.id
    assert account.secret is not None
    given = re.sub(r"[\s-]", "", code[:32]).lower()
    step = step_of(_unseal(keyring, user_id, account.secret), given, clock.now().timestamp())
    async with database.transaction(NOBODY) as transaction:
        if step is not None:
            accepted = await store.use_step(transaction, user_id, step)
        else:
            digests = _recovery_digests(keyring, user_id, given)
            accepted = await store.use_recovery_code(transaction, user_id, digests)
    if not accepted:
        raise SignInFailed


def step_of(secret: str, code: str, moment: float) -> int | None:
    """The half minute that a code belongs to, counted from 1970, if it is one of this moment."""
    now = int(moment) // STEP_SECONDS
    given = code.encode("utf-8", "surrogatepass")
    fitting = [
        now + offset
        for offset in TOLERANCE
        if hmac.compare_digest(pyotp.HOTP(secret).at(now + offset).encode(), given)
    ]
    return max(fitting, default=None)


def _recovery_digests(keyring: Keyring, user_id: UUID, code: str) -> list[bytes]:
    return keyring.digests(f"recovery code {user_id}", code.encode("utf-8", "surrogatepass"))


def _seal(keyring: Keyring, user_id: UUID, secret: str) -> bytes:
    return keyring.seal(f"second factor {user_id}", secret.encode())


def _unseal(keyring: Keyring, user_id: UUID, sealed: bytes) -> str:
    return keyring.unseal(f"second factor {user_id}", sealed).decode()
