"""Workspaces, their sandboxes, owners, and keys: the services behind the commands."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.people.models import EmailTaken, InvalidEmail
from cloudmetrics.accounts.scopes import INGEST, UnknownScope
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import InvalidName
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.platform.timezones import UnknownTimezone


@pytest.mark.requirement("B-4")
async def test_a_workspace_is_made_with_its_sandbox(database):
    made = await workspaces.create_workspace(
        database, name="Acme", plan="GROWTH", timezone="Europe/Berlin", currency="EUR"
    )
    assert await workspaces.of(Tenant(database, made.id)) == made
    assert made.sandbox_id is not None
    sandbox = await workspaces.of(Tenant(database, made.sandbox_id))
    assert (sandbox.sandbox_of, sandbox.sandbox_id) == (made.id, None)
    assert (sandbox.name, sandbox.timezone, sandbox.currency) == ("Acme", "Europe/Berlin", "EUR")


async def test_a_workspace_needs_a_time_zone_that_exists(database):
    with pytest.raises(UnknownTimezone):
        await workspaces.create_workspace(database, name="Acme", timezone="europe/berlin")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b"])
async def test_a_workspace_needs_a_name(database, name):
    with pytest.raises(InvalidName):
        await workspaces.create_workspace(database, name=name)


async def test_addresses_of_any_alphabet_are_kept_in_lower_case(database):
    user, _ = await workspaces.create_owner(database, email="İLKAY@Bücher.example", workspace_name="W")
    assert user.email == "İlkay@bücher.example".lower()
    with pytest.raises(EmailTaken):
        await workspaces.create_owner(database, email="İlkay@BÜCHER.example", workspace_name="W")


async def test_an_owner_gets_an_account_and_a_workspace(database):
    user, workspace = await workspaces.create_owner(
        database, email=" Anna@Example.com ", workspace_name="Anna's"
    )
    assert user.email == "anna@example.com"
    rows = await database.read(workspace.id, "SELECT user_id, role FROM memberships")
    assert rows == [{"user_id": user.id, "role": "OWNER"}]


async def test_a_taken_address_makes_nothing(database):
    await workspaces.create_owner(database, email="bert@example.com", workspace_name="Bert's")
    with pytest.raises(EmailTaken, match=r"bert@example\.com"):
        await workspaces.create_owner(database, email="BERT@example.com", workspace_name="Other")


async def test_of_two_at_once_one_gets_the_address(database):
    made = await asyncio.gather(
        *(
            workspaces.create_owner(database, email="carl@example.com", workspace_name="Carl's")
            for _ in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, EmailTaken) for one in made) == 3


@pytest.mark.parametrize("email", ["", "anna", "anna@", "@example.com", "a b@example.com", "a@b@c", "a\n@b"])
async def test_an_address_must_look_like_one(database, email):
    with pytest.raises(InvalidEmail):
        await workspaces.create_owner(database, email=email, workspace_name="W")


@pytest.mark.requirement("DF-4")
async def test_a_key_is_kept_only_as_a_keyed_hash(database, database_url, keyring, home):
    key, secret = await api_keys.create_key(database, keyring, home.workspace, name="k", scopes=INGEST)
    assert key.last_four == secret[-4:]
    with psycopg.connect(database_url) as everything:
        dump = str(everything.execute("SELECT * FROM api_keys").fetchall())
        dump += str(everything.execute("SELECT encode(digest, 'escape'), * FROM credentials").fetchall())
    assert str(key.id) in dump
    assert secret not in dump
    assert secret[8:20] not in dump


async def test_a_key_stands_for_its_workspace_and_scopes(database, keyring, home):
    key, secret = await api_keys.create_key(database, keyring, home.workspace, name="k", scopes=INGEST)
    identity = await api_keys.identify(database, keyring, secret)
    assert identity is not None
    assert (identity.workspace_id, identity.key_id, identity.scopes) == (home.workspace.id, key.id, INGEST)


@pytest.mark.requirement("B-4")
async def test_a_test_key_belongs_to_the_sandbox(database, keyring, home):
    _, secret = await api_keys.create_key(
        database, keyring, home.workspace, name="k", scopes=INGEST, mode="test"
    )
    assert secret.startswith("cm_test_")
    identity = await api_keys.identify(database, keyring, secret)
    assert identity is not None
    assert identity.workspace_id == home.workspace.sandbox_id


async def test_a_key_of_another_secret_is_unknown(database, keyring, home):
    _, secret = await api_keys.create_key(database, keyring, home.workspace, name="k", scopes=INGEST)
    other = Keyring(b"another secret key, of 32 bytes or more")
    assert await api_keys.identify(database, other, secret) is None


async def test_a_key_with_an_unknown_scope_is_not_made(database, keyring, home):
    with pytest.raises(UnknownScope):
        await api_keys.create_key(database, keyring, home.workspace, name="k", scopes=["all"])


async def test_a_workspace_that_is_gone_is_not_found(database):
    with pytest.raises(NotFound):
        await workspaces.of(Tenant(database, uuid4()))
