"""The service on real stores: one database for all, and a workspace of its own for each test."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from argon2 import PasswordHasher

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.oauth.access_tokens import looks_like_one
from cloudmetrics.accounts.people import passwords
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import Workspace
from cloudmetrics.app import create_app
from cloudmetrics.contract import ASGIApp
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller, Role
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.mail import Mail
from cloudmetrics.platform.signing import Keyring
from tests.conftest import TestStores, copied_database
from tests.integration.people import BASE_URL, Person, make_user, token_of
from tests.integration.running import Running, running
from tests.seeing import watched
from tests.spec import contract

PASSWORDS = {name: getattr(passwords, name) for name in ("_hasher", "_NOBODY")}
SECRET = b"a secret key of the tests, 32 bytes or more"

numbers = count()


MakePerson = Callable[..., Awaitable[Person]]


@dataclass(frozen=True)
class Home:
    """A workspace, and how to get into it: with a key, or as somebody who is a member."""

    workspace: Workspace
    caller: Caller
    open: Callable[[str], httpx.AsyncClient]
    make_key: Callable[..., Awaitable[str]]
    make_person: MakePerson


@pytest.fixture(scope="session")
def database_url(stores: TestStores, migrated_template: str) -> Iterator[str]:
    """A migrated database that the tests share; row-level security keeps them apart."""
    with copied_database(stores.database_url, migrated_template) as url:
        yield url


def settings_for(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, secret_key=SECRET, base_url=BASE_URL)


def make_app(settings: Settings) -> ASGIApp:
    """The service as one more worker process would be, of the contract that all tests share."""
    return create_app(settings, contract())


@pytest.fixture(scope="session")
async def app(database_url: str, stores: TestStores) -> AsyncIterator[ASGIApp]:
    app = make_app(settings_for(database_url, stores.redis_url))
    async with alive(app):
        yield app


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service as `make run` starts it, with its demo, for all tests that leave the demo as it is."""
    with running(tmp_path_factory.mktemp("demo") / "data") as service:
        yield service


@asynccontextmanager
async def alive(app: ASGIApp) -> AsyncIterator[None]:
    """Starts and ends the app's lifespan, as a server does."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}}, to_app.get, from_app.put)
    )
    to_app.put_nowait({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    yield
    to_app.put_nowait({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await task


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashes of passwords cost next to nothing, where a test does not ask for `real_passwords`."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", quick)
        patch.setattr(passwords, "_NOBODY", quick.hash("nobody has this password"))
        yield


@pytest.fixture
def real_passwords(quick_passwords: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as they are in production."""
    for name, value in PASSWORDS.items():
        monkeypatch.setattr(passwords, name, value)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stops the clock, so that no day, half minute or window ends while a test looks at it."""
    moment = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    return moment


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring(SECRET)


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def make_home(
    app: ASGIApp, database: Database, keyring: Keyring
) -> AsyncIterator[Callable[..., Awaitable[Home]]]:
    """Makes workspaces."""
    async with home_maker(app, database, keyring) as make:
        yield make


@pytest.fixture(scope="module")
async def make_home_of_module(
    app: ASGIApp, database: Database, keyring: Keyring
) -> AsyncIterator[Callable[..., Awaitable[Home]]]:
    """Makes workspaces that all tests of a module share."""
    async with home_maker(app, database, keyring) as make:
        yield make


@asynccontextmanager
async def home_maker(
    app: ASGIApp, database: Database, keyring: Keyring
) -> AsyncIterator[Callable[..., Awaitable[Home]]]:
    clients: list[httpx.AsyncClient] = []

    def open_with(key: str) -> httpx.AsyncClient:
        clients.append(client_of(app, key))
        return clients[-1]

    async def make(**fields: Any) -> Home:
        given = {"name": "Home", "plan": "ENTERPRISE"} | fields
        workspace = await workspaces.create_workspace(database, **given)

        async def make_key(granted: Iterable[str] = scopes.FULL, **more: Any) -> str:
            _, secret = await api_keys.create_key(
                database, keyring, workspace, name="key", scopes=granted, **more
            )
            return secret

        async def make_person(role: Role = "OWNER", granted: Iterable[str] = scopes.FULL) -> Person:
            user = await make_user(database, workspace.id, role)
            return Person(user, open_with(await token_of(database, keyring, user.id, workspace.id, granted)))

        caller = Caller(Tenant(database, workspace.id), keyring)
        return Home(workspace, caller, open_with, make_key, make_person)

    yield make
    for client in clients:
        await client.aclose()


def client_of(app: ASGIApp, key: str | None = None, address: str | None = None) -> httpx.AsyncClient:
    """A client at an address of its own, unless one is given; with an API key or an access token."""
    named = {"Authorization": f"Bearer {key}"} if looks_like_one(key or "") else {"API-Key": key or ""}
    peer = (address or str(IPv4Address("11.0.0.0") + next(numbers)), 4711)
    transport = httpx.ASGITransport(watched(app), raise_app_exceptions=True, client=peer)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=named if key else {})


@pytest.fixture
async def home(make_home: Callable[..., Awaitable[Home]]) -> Home:
    return await make_home()


@pytest.fixture
async def client(home: Home) -> httpx.AsyncClient:
    """May do everything in a workspace of its own."""
    return home.open(await home.make_key())


@pytest.fixture
def mails(database: Database, keyring: Keyring) -> Callable[[str], Awaitable[list[Mail]]]:
    """The mails that wait to be sent to an address, in their order."""

    async def waiting(address: str) -> list[Mail]:
        rows = await database.read_directory(
            "SELECT args ->> 'sealed' AS sealed FROM procrastinate_jobs"
            " WHERE task_name = 'mail.send' ORDER BY id"
        )
        letters = [orjson.loads(keyring.unseal("mail", b64decode(row["sealed"])))["mail"] for row in rows]
        return [Mail(**letter) for letter in letters if letter["to"] == address]

    return waiting


@pytest.fixture
async def stranger(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Has no credential."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def website_id(client: httpx.AsyncClient) -> str:
    return await make_website(client)


async def make_website(client: httpx.AsyncClient, **fields: str | int) -> str:
    body = {"name": "Shop", "domain": f"{uuid4().hex}.example.com"} | fields
    response = await client.post("/v1/websites", json=body)
    assert response.status_code == 201, response.text
    created: str = response.json()["data"]["id"]
    return created


async def send_events(client: httpx.AsyncClient, *events: dict[str, Any]) -> dict[str, Any]:
    """The receipts of a batch."""
    response = await client.post("/v1/events", json={"events": events})
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def make_event(website_id: str, /, **fields: Any) -> dict[str, Any]:
    return {
        "id": uuid4().hex,
        "name": "pageview",
        "timestamp": "2026-11-03T10:00:00Z",
        "website_id": website_id,
        "visitor_id": "anna",
    } | fields


@pytest.fixture
async def person(database: Database, keyring: Keyring, home: Home) -> Any:
    """An admin of the home workspace, who has a password."""
    from .oauth import make_person

    made = await make_person(database, keyring)
    await made.join(home.workspace.id)
    return made


@pytest.fixture
async def browser(app: ASGIApp) -> AsyncIterator[Any]:
    """A browser in which nobody is signed in."""
    from .oauth import Browser

    opened = Browser(app)
    yield opened
    await opened.http.aclose()


@pytest.fixture
async def signed_in(browser: Any, person: Any) -> Any:
    """A browser in which the person is signed in."""
    response = await browser.sign_in(person)
    assert response.status_code == 303, response.text
    return browser


@pytest.fixture
async def program(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> Any:
    """A client on a server, which asks people."""
    from .oauth import make_program

    return await make_program(client, stranger)
