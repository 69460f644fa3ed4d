"""What can be done with codes, refresh tokens and access tokens.

A person says yes: a code, good for a minute and for one use. The code becomes a
grant, with a refresh token that is replaced by each use. Whatever is used twice
has been stolen from somebody, so the whole grant ends.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.oauth import store
from cloudmetrics.accounts.oauth.access_tokens import AccessToken
from cloudmetrics.accounts.oauth.models import (
    Allowed,
    Code,
    Consent,
    Powers,
    RefreshToken,
    Spent,
    Standing,
)
from cloudmetrics.accounts.oauth.outside import OutsideToken
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.plans import allowance
from cloudmetrics.accounts.roles import scopes_of_role
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.signing import Keyring

CODE_LIFETIME = timedelta(minutes=1)
REFRESH_LIFETIME = timedelta(days=30)
REFRESH_PREFIX = "cm_refresh_"
REUSED = "REUSED"


async def allow(
    database: Database,
    keyring: Keyring,
    consent: Consent,
    *,
    redirect_uri: str,
    challenge: str,
    address: str | None = None,
) -> str:
    """The code for what a person said yes to. `challenge` is PKCE's, by S256."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    code = Code(_digest(keyring, "code", secret), new_id(), consent, redirect_uri, challenge)
    actor = Actor(consent.user_id, address=address)
    async with database.transaction(NOBODY) as transaction:
        await store.add_code(transaction, code, now + CODE_LIFETIME)
        await _record(transaction, code.grant_id, consent, actor, Action.OAUTH_GRANT_CREATED)
    return secret


async def find_code(database: Database, keyring: Keyring, client_id: UUID, secret: str) -> Code | None:
    """A client's code that can still be used. One that was used before ends all that it gave."""
    now = clock.now()
    found = await store.find_code(database, _digests(keyring, "code", secret), now)
    if found is None or found[0].consent.client_id != client_id:
        return None
    code, used, expired = found
    if used:
        await _revoke(database, code.grant_id, REUSED)
    return None if used or expired else code


async def redeem(database: Database, keyring: Keyring, code: Code) -> str:
    """Uses a code up; returns the first refresh token of what it allows. Raises Spent."""
    secret, now = REFRESH_PREFIX + secrets.token_urlsafe(32), clock.now()
    digest = _digest(keyring, "refresh token", secret)
    if not await store.redeem_code(database, code, digest, now + REFRESH_LIFETIME, now):
        await _revoke(database, code.grant_id, REUSED)
        raise Spent
    return secret


async def find_refresh_token(
    database: Database, keyring: Keyring, client_id: UUID, secret: str
) -> RefreshToken | None:
    """A client's refresh token that can still be used. One that was used before ends its whole grant."""
    if not secret.startswith(REFRESH_PREFIX):
        return None
    now = clock.now()
    found = await store.find_refresh_token(database, _digests(keyring, "refresh token", secret), now)
    if found is None or found[0].consent.client_id != client_id:
        return None
    token, used, expired = found
    if used:
        await _revoke(database, token.grant_id, REUSED)
    return None if used or expired else token


async def peek_refresh_token(
    database: Database, keyring: Keyring, client_id: UUID, secret: str
) -> RefreshToken | None:
    """The same for somebody who only asks about it: a used one ends nothing then."""
    found = await store.find_refresh_token(database, _digests(keyring, "refresh token", secret), clock.now())
    if found is None or found[0].consent.client_id != client_id or any(found[1:]):
        return None
    return found[0]


async def rotate(database: Database, keyring: Keyring, token: RefreshToken) -> str:
    """Uses a refresh token up; returns the next one. Raises Spent."""
    secret, now = REFRESH_PREFIX + secrets.token_urlsafe(32), clock.now()
    digest = _digest(keyring, "refresh token", secret)
    if not await store.rotate(database, token, digest, now + REFRESH_LIFETIME, now):
        await _revoke(database, token.grant_id, REUSED)
        raise Spent
    return secret


async def revoke(database: Database, token: RefreshToken | AccessToken) -> None:
    """Ends a token within a second: a refresh token with its whole grant, an access token alone."""
    if isinstance(token, RefreshToken):
        await _revoke(database, token.grant_id, "CLIENT")
        return
    async with database.transaction(NOBODY) as transaction:
        await store.revoke_token(transaction, token.id, datetime.fromtimestamp(token.expires_at, UTC))
        await access.note(transaction, token.id)


async def list_allowed(database: Database, user_id: UUID) -> list[Allowed]:
    """The programs that a person lets in at present, last used first, at most 100."""
    return await store.list_of_user(database, user_id, clock.now())


async def workspaces_of(database: Database, grant_id: UUID) -> frozenset[UUID]:
    """The workspaces that a grant is for at this moment."""
    return await store.workspaces_of(database, grant_id)


async def extend(transaction: Transaction, grant_id: UUID, workspace_id: UUID) -> None:
    """Lets a grant into a workspace that its person made or joined by it."""
    await store.extend_grant(transaction, grant_id, workspace_id)
    await access.note(transaction, grant_id)


async def disallow(database: Database, user_id: UUID, grant_id: UUID, *, address: str | None = None) -> None:
    """A person takes back what they allowed. Raises NotFound."""
    if not await _revoke(database, grant_id, "PERSON", Actor(user_id, address=address)):
        raise NotFound("program")


async def forget_expired(database: Database) -> None:
    """Removes what is worth nothing any more."""
    await store.forget_expired(database, clock.now())


async def powers(database: Database, token: AccessToken, workspace_id: UUID | None = None) -> Powers | None:
    """What a token may do in a workspace, by default its first; None where it is worth nothing there.

    Never more than was consented to, than its client may be given, or than its
    person's role allows: whichever of them shrinks, the token shrinks with it.
    Asks PostgreSQL. Raises Unavailable.
    """
    workspace_id = workspace_id or token.workspace_ids[0]
    if token.grant_id is None:
        found = await store.standing_of_client(database, workspace_id, token.client_id, token.id)
    else:
        found = await store.standing_of_grant(database, workspace_id, token.grant_id, token.id)
    if found is None:
        return None
    return Powers(
        workspace_id=workspace_id,
        scopes=effective(token.scopes, found),
        credential_id=token.grant_id or token.client_id,
        allowance=allowance(found.plan, found.limits),
        networks=found.networks,
        cors_origins=found.cors_origins,
        workspace_ids=frozenset(found.workspace_ids),
        depends_on=_present(token.id, token.grant_id, token.client_id, token.user_id, workspace_id),
        user_id=token.user_id,
        role=found.role,
        is_sandbox=found.is_sandbox,
    )


async def powers_anywhere(database: Database, token: AccessToken) -> list[Powers]:
    """What a token may do in each of its workspaces; nothing where it is worth nothing any more."""
    found = [await powers(database, token, each) for each in token.workspace_ids]
    return [each for each in found if each is not None]


async def powers_of_outside(
    database: Database, token: OutsideToken, workspace_id: UUID | None = None
) -> Powers | None:
    """The same for a token of an outside issuer. Somebody with several workspaces has to name one."""
    person = await people.find(database, token.email)
    if person is None:
        return None
    places = [each.workspace_id for each in await people.memberships(database, person.id)]
    if workspace_id is None and len(places) == 1:
        workspace_id = places[0]
    if workspace_id not in places:
        return None
    found = await store.standing_of_member(database, workspace_id, person.id)
    if found is None:
        return None
    return Powers(
        workspace_id=workspace_id,
        scopes=effective(token.scopes, found),
        credential_id=person.id,
        allowance=allowance(found.plan, found.limits),
        networks=found.networks,
        cors_origins=found.cors_origins,
        workspace_ids=frozenset(places),
        depends_on=(person.id, workspace_id),
        user_id=person.id,
        role=found.role,
        is_sandbox=found.is_sandbox,
    )


async def knows(database: Database, token: OutsideToken) -> bool:
    """Whether the person of an outside token belongs to any workspace of ours."""
    found = await people.find(database, token.email)
    return found is not None and bool(await people.memberships(database, found.id))


async def scopes_of(database: Database, consent: Consent) -> frozenset[str]:
    """What is left of a consent at this moment, over all its workspaces; empty where it is nothing."""
    scopes: frozenset[str] = frozenset()
    for workspace_id in consent.workspace_ids:
        found = await store.standing_of_consent(database, workspace_id, consent)
        if found is not None:
            scopes |= effective(consent.scopes, found)
    return scopes


def effective(scopes: frozenset[str], standing: Standing) -> frozenset[str]:
    """The scopes that are left of a token's, with what they include."""
    left = expand(scopes)
    if standing.client_scopes is not None:
        left &= expand(standing.client_scopes)
    if standing.role is None:
        return left
    return left & scopes_of_role(standing.role, deleted=standing.deleted)


async def _revoke(database: Database, grant_id: UUID, reason: str, actor: Actor | None = None) -> bool:
    """Whether there was anything to end; if a person asks, only what is theirs."""
    async with database.transaction(NOBODY) as transaction:
        person = actor.user_id if actor else None
        consent = await store.revoke_grant(transaction, grant_id, clock.now(), person)
        if consent is None:
            return False
        await access.note(transaction, grant_id)
        actor = actor or Actor(credential_kind="OAUTH_TOKEN", credential_id=grant_id)
        await _record(transaction, grant_id, consent, actor, Action.OAUTH_GRANT_REVOKED, reason=reason)
    return True


async def _record(
    transaction: Transaction,
    grant_id: UUID,
    consent: Consent,
    actor: Actor,
    action: Action,
    **details: object,
) -> None:
    """Writes into the log of each workspace that the grant is for; ends as the last one's tenant."""
    told = {"client_id": str(consent.client_id), "user_id": str(consent.user_id)}
    for workspace_id in consent.workspace_ids:
        await transaction.switch_tenant(workspace_id)
        await audit.record(
            transaction,
            workspace_id,
            actor,
            action,
            ("OAUTH_GRANT", grant_id),
            scopes=sorted(consent.scopes),
            **told,
            **details,
        )


def _present(*subjects: UUID | None) -> tuple[UUID, ...]:
    return tuple(subject for subject in subjects if subject is not None)


def _digest(keyring: Keyring, purpose: str, secret: str) -> bytes:
    return _digests(keyring, purpose, secret)[0]


def _digests(keyring: Keyring, purpose: str, secret: str) -> list[bytes]:
    """The hash under which a secret is kept, and those under which it may have been kept before."""
    return keyring.digests(f"oauth {purpose}", secret.encode("utf-8", "surrogatepass"))
