"""People who call the API, each with a token of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.accounts.oauth.models import Consent
from cloudmetrics.accounts.oauth.token_keys import TokenKeys
from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.accounts.people import store as people_store
from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.signing import Keyring

BASE_URL = "http://testserver"


@dataclass(frozen=True)
class Person:
    """Somebody, and how they call."""

    user: User
    client: httpx.AsyncClient

    @property
    def id(self) -> str:
        return str(self.user.id)


async def token_of(
    database: Database, keyring: Keyring, user_id: UUID, workspace_id: UUID, scopes: Iterable[str] = FULL
) -> str:
    """An access token of a program that the person has let into a workspace."""
    program = await clients.create(
        Caller(Tenant(database, workspace_id), keyring, FULL),
        name="A program",
        kind="PUBLIC",
        grant_types=["AUTHORIZATION_CODE"],
        redirect_uris=["https://program.example/"],
        scopes=sorted(FULL),
    )
    consent = Consent(program.id, user_id, (workspace_id,), frozenset(scopes))
    secret = await oauth.allow(
        database, keyring, consent, redirect_uri="https://program.example/", challenge="c" * 43
    )
    code = await oauth.find_code(database, keyring, program.id, secret)
    assert code is not None
    await oauth.redeem(database, keyring, code)
    return AccessTokens(TokenKeys(keyring), BASE_URL).issue(
        client_id=program.id,
        workspace_ids=consent.workspace_ids,
        scopes=consent.scopes,
        user_id=user_id,
        grant_id=code.grant_id,
    )


async def make_user(database: Database, workspace_id: UUID, role: Role) -> User:
    """Somebody new, who is a member."""
    user = User(new_id(), f"{role.lower()}-{uuid4().hex[:12]}@example.com", clock.now())
    async with database.transaction(workspace_id) as transaction:
        assert await people_store.create(transaction, user)
        assert await people_store.join(transaction, workspace_id, user.id, role, user.created_at)
    return user
