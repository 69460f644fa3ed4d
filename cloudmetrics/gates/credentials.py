"""A credential of each kind for a live server: API keys, access tokens, a share link."""

from __future__ import annotations

from dataclasses import dataclass

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.accounts.oauth.models import Consent
from cloudmetrics.accounts.oauth.token_keys import TokenKeys
from cloudmetrics.accounts.oauth_clients import service as oauth_clients
from cloudmetrics.accounts.people import store as people
from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.roles import within_role
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import Workspace
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.dashboards.models import Settings as DashboardSettings
from cloudmetrics.boards.share_links import service as share_links
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.signing import Keyring

WEBSITES = 3
CALLBACK = "https://program.example/"


@dataclass(frozen=True, slots=True)
class Credential:
    """The headers that carry it, and what it may do.

    `stands_on` are the ids of what it needs to go on being good: its key, its person, its workspace.
    """

    headers: dict[str, str]
    scopes: frozenset[str]
    stands_on: frozenset[str] = frozenset()


NOTHING = Credential({}, frozenset())


async def make_all(settings: Settings) -> dict[str, Credential]:
    """Credentials by kind, of one workspace that has websites and a dashboard."""
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    maker = _Maker(settings, database, Keyring(settings.secret_key))
    try:
        return await maker.make()
    finally:
        await database.close()


class _Maker:
    def __init__(self, settings: Settings, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring
        self.tokens = AccessTokens(TokenKeys(keyring), settings.base_url)
        self.base_url = settings.base_url

    async def make(self) -> dict[str, Credential]:
        owner, workspace = await workspaces.create_owner(
            self.database, email="owner@gates.example", workspace_name="Gates", plan="ENTERPRISE"
        )
        caller = Caller(Tenant(self.database, workspace.id), self.keyring, scopes.FULL)
        for number in range(WEBSITES):
            await websites.create(caller, name=f"Website {number}", domain=f"website-{number}.example")
        return {
            "full": await self._key(workspace, "full", scopes.FULL),
            "owner": await self._person(caller, owner, "OWNER"),
            "read": await self._key(workspace, "read", scopes.READ),
            "ingest": await self._key(workspace, "ingest", scopes.INGEST),
            "editor": await self._person(caller, await self._member(workspace, "EDITOR"), "EDITOR"),
            "program": await self._program(caller),
            "share": await self._share_link(caller),
            "none": NOTHING,
        }

    async def _key(self, workspace: Workspace, name: str, granted: frozenset[str]) -> Credential:
        key, secret = await api_keys.create_key(
            self.database, self.keyring, workspace, name=name, scopes=granted
        )
        stands_on = frozenset(map(str, (key.id, workspace.id)))
        return Credential({"API-Key": secret}, scopes.expand(granted), stands_on)

    async def _member(self, workspace: Workspace, role: Role) -> User:
        user = User(new_id(), f"{role.lower()}@gates.example", clock.now())
        async with self.database.transaction(workspace.id) as transaction:
            await people.create(transaction, user)
            await people.join(transaction, workspace.id, user.id, role, clock.now())
        return user

    async def _person(self, caller: Caller, user: User, role: Role) -> Credential:
        """What a program may do for a person who allowed it everything."""
        client = await oauth_clients.create(
            caller,
            name=f"For the {role.lower()}",
            kind="PUBLIC",
            grant_types=["AUTHORIZATION_CODE"],
            redirect_uris=[CALLBACK],
            scopes=sorted(scopes.FULL),
        )
        workspace_id = caller.tenant.workspace_id
        consent = Consent(client.id, user.id, (workspace_id,), scopes.FULL)
        secret = await oauth.allow(
            self.database, self.keyring, consent, redirect_uri=CALLBACK, challenge="c" * 43
        )
        code = await oauth.find_code(self.database, self.keyring, client.id, secret)
        assert code is not None
        await oauth.redeem(self.database, self.keyring, code)
        token = self.tokens.issue(
            client_id=client.id,
            workspace_ids=consent.workspace_ids,
            scopes=consent.scopes,
            user_id=user.id,
            grant_id=code.grant_id,
        )
        stands_on = frozenset(map(str, (client.id, user.id, workspace_id)))
        return Credential(_bearer(token), within_role(scopes.FULL, role), stands_on)

    async def _program(self, caller: Caller) -> Credential:
        """A program on its own account, which may only read."""
        client = await oauth_clients.create(
            caller,
            name="Reader",
            kind="CONFIDENTIAL",
            grant_types=["CLIENT_CREDENTIALS"],
            scopes=sorted(scopes.READ),
        )
        workspace_id = caller.tenant.workspace_id
        token = self.tokens.issue(client_id=client.id, workspace_ids=(workspace_id,), scopes=scopes.READ)
        return Credential(_bearer(token), scopes.READ, frozenset(map(str, (client.id, workspace_id))))

    async def _share_link(self, caller: Caller) -> Credential:
        dashboard = await dashboards.create(caller, DashboardSettings("Shared"))
        made = await share_links.create(caller, dashboard.id, name="Gates", days=1, base_url=self.base_url)
        stands_on = frozenset(map(str, (made.id, dashboard.id, caller.tenant.workspace_id)))
        return Credential({"Share-Token": made.token}, frozenset(), stands_on)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
