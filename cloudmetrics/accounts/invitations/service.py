"""What can be done with invitations. Their mails, with one-time tokens, are made by a job: see jobs.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.accounts import tokens
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.invitations import store
from cloudmetrics.accounts.invitations.models import (
    LIFE,
    AlreadyInvited,
    Invitation,
    Offer,
    PasswordRequired,
    ShownInvitation,
    WrongInvitee,
)
from cloudmetrics.accounts.people import passwords
from cloudmetrics.accounts.people import store as people
from cloudmetrics.accounts.people.models import EmailTaken, InvalidToken, User, normal_email
from cloudmetrics.accounts.team import store as team
from cloudmetrics.accounts.team.models import AlreadyMember
from cloudmetrics.accounts.team.service import require_can_grant
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import LiveCredentialRequired, PersonRequired, ShownWorkspace
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring

TOKEN = "invitation"  # noqa: S105


async def create(caller: Caller, *, email: str, role: Role) -> ShownInvitation:
    """Invites somebody, by mail.

    Raises InvalidEmail, AlreadyMember, AlreadyInvited, OwnerRequired, ScopeNotHeld,
    LiveCredentialRequired.
    """
    address = normal_email(email)
    require_can_grant(caller, role)
    if (await workspaces.get(caller)).sandbox_of:
        raise LiveCredentialRequired
    now, workspace_id = clock.now(), caller.tenant.workspace_id
    invitation = Invitation(new_id(), address, role, caller.user_id, now, now + LIFE)
    async with caller.tenant.transaction() as transaction:
        if await team.find(transaction, workspace_id, address):
            raise AlreadyMember(address)
        if not await store.create(transaction, workspace_id, invitation):
            raise AlreadyInvited(address)
        await _send(transaction, caller, invitation.id)
        await _record(transaction, caller, Action.INVITATION_CREATED, invitation)
    return ShownInvitation(invitation, now)


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[ShownInvitation]:
    """The waiting invitations that a query asks for, expired ones among them, oldest first unless it says
    otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    now = clock.now()
    asked = store.INVITATIONS.ask(caller, query)
    found = await store.listed(caller.tenant, asked, now)
    return asked.page(found).map(lambda invitation: ShownInvitation(invitation, now))


async def get(caller: Caller, invitation_id: UUID) -> ShownInvitation:
    """Raises NotFound."""
    return ShownInvitation(_found(await store.get(caller.tenant, invitation_id)), clock.now())


async def resend(caller: Caller, invitation_id: UUID) -> ShownInvitation:
    """Sends a new link, good for another 7 days; the one before is dead.

    Raises NotFound, OwnerRequired, ScopeNotHeld.
    """
    now, workspace_id = clock.now(), caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        invitation = _found(await store.lock(transaction, workspace_id, invitation_id))
        require_can_grant(caller, invitation.role)
        extended = replace(invitation, expires_at=now + LIFE)
        await store.extend(transaction, workspace_id, invitation_id, extended.expires_at)
        await _send(transaction, caller, invitation_id)
        await _record(transaction, caller, Action.INVITATION_RESENT, extended)
    return ShownInvitation(extended, now)


async def revoke(caller: Caller, invitation_id: UUID) -> None:
    """Raises NotFound."""
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        invitation = _found(await store.lock(transaction, workspace_id, invitation_id))
        await store.remove(transaction, workspace_id, invitation_id)
        await _record(transaction, caller, Action.INVITATION_REVOKED, invitation)


async def accept(caller: Caller, token: str) -> ShownWorkspace:
    """The person who calls becomes a member; the answer is where.

    Raises PersonRequired, InvalidToken, WrongInvitee.
    """
    if caller.user_id is None:
        raise PersonRequired
    database = caller.tenant.database
    _, offer = await accept_invitation(
        database, caller.keyring, token=token, user_id=caller.user_id, address=caller.address
    )
    workspace = await workspaces.of(Tenant(database, offer.workspace_id))
    return ShownWorkspace(workspace, offer.role)


async def offer_of(database: Database, keyring: Keyring, token: str) -> Offer:
    """What a token invites to, for the page that asks whether to accept. Raises InvalidToken."""
    return (await _offer(database, keyring, token))[1]


async def accept_invitation(
    database: Database,
    keyring: Keyring,
    *,
    token: str,
    user_id: UUID | None = None,
    password: str | None = None,
    address: str | None = None,
) -> tuple[User, Offer]:
    """Makes whoever holds the token a member, once.

    Somebody with an account accepts with it (`user_id`, who is signed in);
    somebody without gets one, with the password that they choose. Raises
    InvalidToken, WrongInvitee, PasswordRequired, WeakPassword, EmailTaken.
    """
    invitation_id, offer = await _offer(database, keyring, token)
    password_hash = None
    if offer.user_id is None and user_id is None:
        if password is None:
            raise PasswordRequired
        passwords.require_strong(password, offer.email)
        password_hash = await passwords.hashed(password)
    elif offer.user_id != user_id:
        raise WrongInvitee
    now = clock.now()
    async with database.transaction(offer.workspace_id) as transaction:
        if not await store.remove(transaction, offer.workspace_id, invitation_id):
            raise InvalidToken
        if password_hash is not None:
            user = User(new_id(), offer.email, now)
            if not await people.create(transaction, user):
                raise EmailTaken(f"{offer.email} has an account by now. Sign in with it to accept.")
            user = await people.set_password(transaction, user.id, password_hash, now)
        else:
            assert user_id is not None
            user = await people.get_in(transaction, user_id)
        await people.join(transaction, offer.workspace_id, user.id, offer.role, now)
        actor, subject = Actor(user.id, address=address), ("USER", user.id)
        await audit.record(
            transaction, offer.workspace_id, actor, Action.MEMBER_ADDED, subject, role=offer.role
        )
    return user, offer


async def _offer(database: Database, keyring: Keyring, token: str) -> tuple[UUID, Offer]:
    found = await store.find_token(database, tokens.digests_of(keyring, TOKEN, token))
    offer = await store.offer(database, *found, clock.now()) if found else None
    if found is None or offer is None:
        raise InvalidToken
    return found[1], offer


async def _send(transaction: Transaction, caller: Caller, invitation_id: UUID) -> None:
    await defer(
        transaction,
        "invitations.send",
        workspace_id=caller.tenant.workspace_id,
        invitation_id=str(invitation_id),
    )


async def _record(transaction: Transaction, caller: Caller, action: Action, invitation: Invitation) -> None:
    await audit.record(
        transaction,
        caller.tenant.workspace_id,
        Actor.of(caller),
        action,
        ("INVITATION", invitation.id),
        email=invitation.email,
        role=invitation.role,
    )


def _found(invitation: Invitation | None) -> Invitation:
    if invitation is None:
        raise NotFound("invitation")
    return invitation
