"""People, programs and browsers for the tests of OAuth."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx

from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people import store as people_store
from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.accounts.team import service as team
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.database import NOBODY, Database, Tenant
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.signing import Keyring

from .conftest import BASE_URL, client_of

PASSWORD = "correct horse battery staple"
CALLBACK = "https://mailer.example/callback"


@dataclass
class Person:
    """Somebody with a password; `user` is whom the service knows."""

    user: User
    database: Database
    keyring: Keyring

    async def join(self, workspace_id: UUID, role: str = "ADMIN") -> None:
        async with self.database.transaction(workspace_id) as transaction:
            assert await people_store.join(transaction, workspace_id, self.user.id, role, clock.now())

    async def become(self, workspace_id: UUID, role: str) -> None:
        """An owner changes the person's role, or removes the person where `role` is empty."""
        owner = Caller(Tenant(self.database, workspace_id), self.keyring, FULL, role="OWNER")
        if role:
            await team.change_role(owner, self.user.id, cast("Role", role))
        else:
            await team.remove(owner, self.user.id)


async def make_person(database: Database, keyring: Keyring) -> Person:
    user = User(new_id(), f"anna-{uuid4().hex}@example.com", clock.now())
    async with database.transaction(NOBODY) as transaction:
        assert await people_store.create(transaction, user)
    person = Person(user, database, keyring)
    await give_password(person)
    return person


async def give_password(person: Person, password: str = PASSWORD) -> None:
    """Sets a password, as with the link of a mail."""
    await people.finish_reset(
        person.database, person.keyring, token=await password_token(person), password=password
    )


async def password_token(person: Person) -> str:
    async with person.database.transaction(NOBODY) as transaction:
        return await people.make_password_token(transaction, person.keyring, person.user.id)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Program:
    """A client, and how it talks to us."""

    http: httpx.AsyncClient
    id: str
    secret: str | None
    redirect_uri: str = CALLBACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def address(self, **more: str | None) -> str:
        """Where it sends a person's browser; None leaves a parameter out."""
        asked = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "scope": "metrics:read websites:read",
            "state": "a state",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        } | more
        given = {key: value for key, value in asked.items() if value is not None}
        return f"/oauth/authorize?{urlencode(given)}"

    @property
    def basic(self) -> tuple[str, str] | None:
        return (self.id, self.secret) if self.secret else None

    async def post(self, path: str, *, auth: Any = ..., **form: str | None) -> httpx.Response:
        """Calls an endpoint as itself."""
        if self.secret is None:
            form = {"client_id": self.id} | form
        given = {key: value for key, value in form.items() if value is not None}
        return await self.http.post(path, data=given, auth=self.basic if auth is ... else auth)

    async def trade(self, code: str, **more: str | None) -> httpx.Response:
        """A code for tokens."""
        form = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier} | more
        return await self.post("/oauth/token", grant_type="authorization_code", **form)

    async def refresh(self, token: str, **more: str | None) -> httpx.Response:
        return await self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **more)

    async def own_token(self, **more: str | None) -> httpx.Response:
        return await self.post("/oauth/token", grant_type="client_credentials", **more)

    async def call(self, token: str, path: str = "/v1/websites", **headers: str) -> httpx.Response:
        """Calls the API with a token."""
        return await self.http.get(path, headers={"Authorization": f"Bearer {token}"} | headers)


async def make_program(
    owner: httpx.AsyncClient,
    http: httpx.AsyncClient,
    *,
    kind: str = "CONFIDENTIAL",
    grant_types: Sequence[str] = ("AUTHORIZATION_CODE",),
    redirect_uris: Sequence[str] = (CALLBACK,),
    scopes: Sequence[str] = ("metrics:read", "websites:full"),
    name: str = "Weekly Mailer",
) -> Program:
    """Registers a client through the API, as the owner of `owner`'s key does."""
    body = {
        "name": name,
        "kind": kind,
        "grant_types": list(grant_types),
        "redirect_uris": list(redirect_uris),
        "scopes": list(scopes),
    }
    response = await owner.post("/v1/oauth-clients", json=body)
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    return Program(http, data["id"], data["secret"], next(iter(redirect_uris), CALLBACK))


class Browser:
    """A person's browser, as far as pages without scripts need one."""

    def __init__(self, app: Any) -> None:
        self.http = client_of(app)

    async def open(self, address: str) -> httpx.Response:
        """Follows redirects, but not away from us."""
        response = await self.http.get(address)
        while response.is_redirect and response.headers["location"].startswith(("/", BASE_URL)):
            response = await self.http.get(response.headers["location"])
        return response

    async def submit(self, page: httpx.Response, action: str = "", **fields: Any) -> httpx.Response:
        """Sends the first form of a page (or that to `action`), with what it holds and these fields."""
        for form in re.findall(r"<form[^>]*>.*?</form>", page.text, re.DOTALL):
            target = unescape(re.search(r'action="([^"]*)"', form)[1])
            if target.startswith(action or "/") and (action or "sign-out" not in target):
                break
        else:
            raise AssertionError(f"no form to {action} in {page.text}")
        inputs = re.findall(r"<input([^>]*)>", form)
        given: dict[str, Any] = {}
        for attributes in inputs:
            named = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
            if named.get("type") == "hidden":
                given[named["name"]] = unescape(named.get("value", ""))
        return await self.http.post(target, data=given | fields)

    async def sign_in(
        self, person: Person, password: str = PASSWORD, then: str | None = None
    ) -> httpx.Response:
        page = await self.open(then or "/account/sign-in")
        return await self.submit(page, "/account/sign-in", email=person.user.email, password=password)

    async def allow(self, program: Program, *workspaces: UUID, **more: str | None) -> httpx.Response:
        """Says yes to a program; returns the redirect that carries the code."""
        page = await self.open(program.address(**more))
        return await self.submit(
            page, "/oauth/authorize", workspace=[str(each) for each in workspaces], decision="allow"
        )


def answer_in(response: httpx.Response) -> dict[str, str]:
    """What a redirect to a client carries."""
    assert response.status_code == 303, (response.status_code, response.text)
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert all(len(values) == 1 for values in query.values())
    return {key: values[0] for key, values in query.items()}
