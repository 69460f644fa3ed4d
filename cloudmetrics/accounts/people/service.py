"""What can be done with people: let them in, and find out where they belong.

Second factors have a module of their own, second_factor.py.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from uuid import UUID

from cloudmetrics.accounts import tokens
from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.people import passwords, second_factor, store, throttle
from cloudmetrics.accounts.people.journal import record_and_tell
from cloudmetrics.accounts.people.models import (
    InvalidToken,
    Membership,
    SecondFactorRequired,
    SignInFailed,
    User,
    typed_email,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

PASSWORD_TOKEN = "password"  # noqa: S105
TOKEN_LIFE = timedelta(hours=1)
RESET_JOB = "people.send_reset"


async def sign_in(
    database: Database,
    redis: Redis,
    keyring: Keyring,
    *,
    email: str,
    password: str,
    code: str | None = None,
    address: str,
) -> User:
    """The person whose address and password these are; with a second factor, whose code as well.

    `code` is of six figures, or a recovery code. Raises SignInFailed, the same
    and as slowly whether the account exists or not; SecondFactorRequired where
    only the code is missing; TooManyAttempts.
    """
    email = typed_email(email)
    await throttle.admit_sign_in(redis, keyring, email, address)
    account = await store.find_account(database, email=email)
    return await _check(database, redis, keyring, account, email, password, code, address)


async def confirm_password(
    database: Database,
    redis: Redis,
    keyring: Keyring,
    *,
    user_id: UUID,
    password: str,
    code: str | None = None,
    address: str,
) -> User:
    """The same for somebody who is signed in already, before they change how they sign in.

    Raises SignInFailed, SecondFactorRequired, TooManyAttempts.
    """
    account = await store.find_account(database, user_id=user_id)
    email = account.user.email if account else ""
    await throttle.admit_sign_in(redis, keyring, email, address)
    return await _check(database, redis, keyring, account, email, password, code, address)


async def _check(
    database: Database,
    redis: Redis,
    keyring: Keyring,
    account: store.Account | None,
    email: str,
    password: str,
    code: str | None,
    address: str,
) -> User:
    stored = account.password_hash if account else None
    if not await passwords.matches(stored, password) or account is None or stored is None:
        raise SignInFailed
    if account.secret is not None:
        if code is None:
            raise SecondFactorRequired
        await second_factor.require_code(database, keyring, account, code)
    await throttle.forgive(redis, keyring, email, address)
    if passwords.is_outdated(stored):
        new_hash = await passwords.hashed(password)
        async with database.transaction(NOBODY) as transaction:
            await store.rehash(transaction, account.user.id, stored, new_hash)
    return account.user


async def get(database: Database, user_id: UUID) -> User:
    """Raises NotFound."""
    user = await store.get(database, user_id)
    if user is None:
        raise NotFound("user")
    return user


async def find(database: Database, email: str) -> User | None:
    """The person of an address, which stands in lower case."""
    account = await store.find_account(database, email=email)
    return account.user if account else None


async def memberships(database: Database, user_id: UUID) -> list[Membership]:
    """Where the person is a member, in the order in which the workspaces were made."""
    found = [
        await store.membership(database, workspace_id, user_id)
        for workspace_id in await store.workspaces_of(database, user_id)
    ]
    return [each for each in found if each is not None]


async def membership(database: Database, user_id: UUID, workspace_id: UUID) -> Membership | None:
    """What the person is in one workspace: what a token's check asks again and again."""
    return await store.membership(database, workspace_id, user_id)


async def begin_reset(
    database: Database, redis: Redis, keyring: Keyring, *, email: str, address: str
) -> None:
    """Mails a link that sets a new password, if there is such an account.

    It looks and lasts the same whether there is one or not: a job finds out.
    Raises TooManyAttempts.
    """
    email = typed_email(email)
    await throttle.admit_reset(redis, keyring, email, address)
    sealed = base64.b64encode(keyring.seal(RESET_JOB, email.encode())).decode()
    async with database.transaction(NOBODY) as transaction:
        await defer(transaction, RESET_JOB, sealed=sealed)


async def make_password_token(transaction: Transaction, keyring: Keyring, user_id: UUID) -> str:
    """A token that sets the person's password once, within an hour."""
    token, digest = tokens.new_token(keyring, PASSWORD_TOKEN)
    await store.create_token(transaction, user_id, digest, clock.now() + TOKEN_LIFE)
    return token


async def owner_of_token(database: Database, keyring: Keyring, token: str) -> User:
    """Whose password a token will set, for the page that asks for it. Raises InvalidToken."""
    digests = tokens.digests_of(keyring, PASSWORD_TOKEN, token)
    user = await store.peek_token(database, digests, clock.now())
    if user is None:
        raise InvalidToken
    return user


async def finish_reset(
    database: Database, keyring: Keyring, *, token: str, password: str, address: str | None = None
) -> User:
    """Sets a password with a token; all sessions and other tokens of the person are over then.

    A second factor stays, so that a mailbox alone opens nothing. Raises
    InvalidToken, WeakPassword; the token is worth something still after the latter.
    """
    user = await owner_of_token(database, keyring, token)
    passwords.require_strong(password, user.email)
    password_hash = await passwords.hashed(password)
    digests = tokens.digests_of(keyring, PASSWORD_TOKEN, token)
    async with database.transaction(NOBODY) as transaction:
        if await store.use_token(transaction, digests, clock.now()) is None:
            raise InvalidToken
        return await _set_password(transaction, user.id, password_hash, address)


async def change_password(
    database: Database, *, user: User, password: str, address: str | None = None
) -> User:
    """Sets a new password; sessions that began before are over. Raises WeakPassword.

    Whoever asks has just confirmed the present one, with `confirm_password`.
    """
    passwords.require_strong(password, user.email)
    password_hash = await passwords.hashed(password)
    async with database.transaction(NOBODY) as transaction:
        return await _set_password(transaction, user.id, password_hash, address)


async def _set_password(
    transaction: Transaction, user_id: UUID, password_hash: str, address: str | None
) -> User:
    now = clock.now()
    user = await store.set_password(transaction, user_id, password_hash, now)
    await store.forget_tokens(transaction, user_id, now)
    await access.note(transaction, user_id)
    await record_and_tell(transaction, user_id, Actor(user_id, address=address), Action.PASSWORD_SET)
    return user
