"""People who call the API, each with a token of their own."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx

from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people import store as people_store
from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.roles import within_role
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.app import create_app
from cloudmetrics.contract import ASGIApp, Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.authentication import api_key_authenticator
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.signing import Keyring

FORM = "person {user_id} {workspace_id} {scopes}"
TOKEN = UUID(int=7)


@asynccontextmanager
async def app_for_people(settings: Settings) -> AsyncIterator[ASGIApp]:
    """The service, which takes besides keys what a token says, in plain words: whose it is, and where."""

    def authenticator(database: Database, keyring: Keyring, *others: object) -> Authenticator:
        check_key = api_key_authenticator(database, keyring, *others)  # type: ignore[arg-type]

        async def authenticate(request: Request, credential: str) -> Grant:
            if not credential.startswith("person "):
                return await check_key(request, credential)
            user_id, workspace_id, *scopes = credential.split()[1:]
            found = {each.workspace_id: each for each in await people.memberships(database, UUID(user_id))}
            if UUID(workspace_id) not in found:
                raise Unauthorized
            member = found[UUID(workspace_id)]
            granted = within_role(scopes, member.role, deleted=member.deleted_at is not None)
            caller = Caller(
                tenant=Tenant(database, member.workspace_id),
                keyring=keyring,
                scopes=granted,
                credential_id=TOKEN,
                credential_kind="OAUTH_TOKEN",
                user_id=UUID(user_id),
                role=member.role,
                address=request.client_host,
                workspace_ids=frozenset(found),
            )
            return Grant(caller, granted)

        return authenticate

    with patch("cloudmetrics.app.api_key_authenticator", authenticator):
        yield create_app(settings)


@dataclass(frozen=True)
class Person:
    """Somebody, and how they call."""

    user: User
    client: httpx.AsyncClient

    @property
    def id(self) -> str:
        return str(self.user.id)


def credential(user_id: UUID, workspace_id: UUID, scopes: Iterable[str] = FULL) -> str:
    return FORM.format(user_id=user_id, workspace_id=workspace_id, scopes=" ".join(sorted(scopes)))


async def make_user(database: Database, workspace_id: UUID, role: Role) -> User:
    """Somebody new, who is a member."""
    user = User(new_id(), f"{role.lower()}-{uuid4().hex[:12]}@example.com", clock.now())
    async with database.transaction(workspace_id) as transaction:
        assert await people_store.create(transaction, user)
        assert await people_store.join(transaction, workspace_id, user.id, role, user.created_at)
    return user
