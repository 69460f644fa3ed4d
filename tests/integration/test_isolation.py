"""Tenants behind walls: every operation × a foreign identifier × every missing scope, from the contract."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from cloudmetrics.accounts.roles import scopes_of_role
from cloudmetrics.accounts.scopes import FULL
from tests.integration.conftest import Home
from tests.integration.walking import (
    Settled,
    made_up,
    operations,
    references,
    told,
    watch,
    without,
)

ALL = operations()
EXCEPTIONS = Path(__file__).with_name("isolation_exceptions.yaml")
ROLES = ("OWNER", "ADMIN", "EDITOR", "VIEWER")
INTRUDERS = ("key", "person", "sandbox")
isolation = pytest.mark.requirement("PL-4", "PL-5")


@dataclass
class Neighbours:
    """A workspace with one of everything in it, another one like it, and who breaks out of the latter."""

    victim: Settled
    victim_home: Home
    intruder: Settled
    clients: dict[str, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def neighbours(make_home_of_module, database_url) -> Neighbours:
    victim_home, intruder_home = await make_home_of_module(), await make_home_of_module()
    with psycopg.connect(database_url) as everything:
        # A person may write only so often in a minute, and here one tries every operation.
        everything.execute(
            """UPDATE workspaces SET limits = '{"user": 100000, "reads": 100000, "writes": 100000}'"""
            " WHERE workspace_id = ANY (%s)",
            [[victim_home.workspace.id, intruder_home.workspace.id]],
        )
    victim = Settled((await victim_home.make_person("OWNER")).client)
    intruder_person = await intruder_home.make_person("OWNER")
    intruder = Settled(intruder_person.client)
    for settled in (victim, intruder):
        await settled.settle()
        await fail_to_tell(settled, database_url)
    clients = {
        "key": intruder_home.open(await intruder_home.make_key()),
        "person": intruder_person.client,
        # The sandbox beside the victim, which is as foreign to it.
        "sandbox": victim_home.open(await victim_home.make_key(mode="test")),
    }
    return Neighbours(victim, victim_home, intruder, clients)


async def fail_to_tell(settled: Settled, database_url: str) -> None:
    """Alerts tell by themselves, not by a request, so a test of a channel stands in for what one told."""
    sent = await settled.client.post(f"/v1/alert-channels/{settled.known['channel_id']}/test")
    settled.known["delivery_id"] = sent.json()["data"]["id"]
    with psycopg.connect(database_url) as everything:
        everything.execute(
            "UPDATE alert_deliveries SET status = 'FAILED', alert_id = %(alert_id)s"
            " WHERE delivery_id = %(delivery_id)s",
            settled.known,
        )


def contents(database_url: str, home: Home) -> dict[str, Any]:
    """All rows of a workspace and its sandbox, table by table, without what every request leaves behind."""
    owners = [home.workspace.id, home.workspace.sandbox_id]
    with psycopg.connect(database_url) as everything:
        tables = everything.execute(
            "SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING"
            " (table_schema, table_name) WHERE column_name = 'workspace_id' AND table_schema = 'public'"
            " AND table_type = 'BASE TABLE'"
        ).fetchall()
        return {
            name: everything.execute(
                f"SELECT (to_jsonb(t) - 'last_used_at')::text FROM {name} AS t"
                " WHERE workspace_id = ANY (%s) ORDER BY 1",
                [owners],
            ).fetchall()
            for (name,) in tables
            if name not in ("request_usage", "workspace_changes")
        }


def unreachable(settled: Settled) -> list[str]:
    """Operations with a thing in their path that the walk has not got."""
    return [each.id for each in ALL if set(each.path_parameters) - set(settled.known)]


@isolation
def test_the_list_of_exceptions_only_shrinks(neighbours):
    listed = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(unreachable(neighbours.victim))


@isolation
@pytest.mark.parametrize("who", INTRUDERS)
@pytest.mark.parametrize("operation", [each for each in ALL if each.path_parameters], ids=str)
async def test_a_foreign_thing_is_as_absent_as_one_that_never_was(
    neighbours, database_url, monkeypatch, operation, who
):
    """The same answer, from the same statements, so that neither words nor time tell them apart."""
    if operation.id in unreachable(neighbours.victim):
        pytest.skip("in the list of exceptions")
    client = neighbours.clients[who]
    own = neighbours.intruder.known if who != "sandbox" else {}
    before = contents(database_url, neighbours.victim_home)
    await client.get("/v1/workspace")
    seen = watch(monkeypatch.setattr)
    for foreign in operation.path_parameters:
        # All of the path is foreign, or only its end: somebody else's thing below one's own.
        others = {name: own.get(name, neighbours.victim.known[name]) for name in operation.path_parameters}
        theirs = others | {foreign: neighbours.victim.known[foreign]}
        nobodys = others | made_up(operation, [foreign])

        seen.clear()
        answer = told(await client.request(**operation.ask(theirs)), theirs, nobodys)
        statements = list(seen)
        seen.clear()
        expected = told(await client.request(**operation.ask(nobodys)), theirs, nobodys)

        assert answer == expected
        # Ids of the tenant's own choosing, such as visitors', may be asked to vanish before they are known.
        assert answer[0] == 404 or (answer[0] == 200 and not operation.is_uuid(foreign)), answer
        assert statements == seen
    assert contents(database_url, neighbours.victim_home) == before


@isolation
@pytest.mark.parametrize("who", INTRUDERS)
@pytest.mark.parametrize("operation", [each for each in ALL if each.query_identifiers], ids=str)
async def test_a_foreign_thing_in_a_question_is_as_absent(neighbours, monkeypatch, operation, who):
    client = neighbours.clients[who]
    own = neighbours.intruder.known if who != "sandbox" else neighbours.victim.known
    await client.get("/v1/workspace")
    seen = watch(monkeypatch.setattr)
    for name in operation.query_identifiers:
        theirs = {name: neighbours.victim.known.get(name, str(neighbours.victim_home.workspace.id))}
        nobodys = made_up(operation, [name])
        seen.clear()
        answer = told(await client.request(**operation.ask(own, **theirs)), theirs, nobodys)
        statements = list(seen)
        seen.clear()
        assert answer == told(await client.request(**operation.ask(own, **nobodys)), theirs, nobodys)
        assert statements == seen
        assert answer[0] in (200, 404), answer


@isolation
@pytest.mark.parametrize("who", INTRUDERS)
@pytest.mark.parametrize("operation", [each for each in ALL if each.body_identifiers], ids=str)
async def test_a_foreign_thing_in_a_body_is_as_absent(neighbours, database_url, operation, who):
    client = neighbours.clients[who]
    own = neighbours.intruder.known if who != "sandbox" else neighbours.victim.known
    before = contents(database_url, neighbours.victim_home)
    for name in operation.body_identifiers:
        for number, body in enumerate(operation.bodies):
            if name not in {found for found, _ in references(body)}:
                continue
            theirs = own | {name: neighbours.victim.known.get(name, str(neighbours.victim_home.workspace.id))}
            nobodys = own | made_up(operation, [name])
            answer = await client.request(**operation.ask(theirs, body=number))
            again = await client.request(**operation.ask(nobodys, body=number))
            assert told(answer, theirs, nobodys) == told(again, theirs, nobodys)
            assert answer.status_code not in (201, 202), answer.text
    assert contents(database_url, neighbours.victim_home) == before


@pytest.mark.requirement("D6-7")
@pytest.mark.parametrize("operation", ALL, ids=str)
async def test_every_operation_wants_a_credential(stranger, operation):
    response = await stranger.request(operation.method, operation.path, content=b"not even JSON")
    assert response.status_code == 401
    assert response.json()["code"] == "UNAUTHORIZED"
    assert response.headers["content-type"] == "application/problem+json"
    assert "Bearer" in response.headers["www-authenticate"]


SCOPED = [pytest.param(each, scope, id=f"{each}-{scope}") for each in ALL for scope in sorted(each.scopes)]


@pytest.mark.requirement("CM-5", "D6-7")
@pytest.mark.parametrize(("operation", "scope"), SCOPED)
async def test_every_operation_wants_its_scope_before_it_looks_at_the_request(
    home, monkeypatch, operation, scope
):
    client = home.open(await home.make_key(without(scope)))
    await client.get("/v1/workspace")
    seen = watch(monkeypatch.setattr)
    response = await client.request(operation.method, operation.path, content=b"not even JSON")
    assert response.status_code == 403
    assert response.json()["code"] == "INSUFFICIENT_SCOPE"
    assert response.json()["details"] == {"missing_scopes": [scope]}
    assert seen == []


@pytest.mark.requirement("CM-5")
@pytest.mark.parametrize("operation", ALL, ids=str)
async def test_its_scopes_are_all_that_an_operation_wants(home, operation):
    client = home.open(await home.make_key(operation.scopes or {"events:write"}))
    request = operation.ask(made_up(operation, operation.path_parameters))
    response = await client.request(**request)
    assert response.status_code not in (401, 500)
    assert response.json()["code"] != "INSUFFICIENT_SCOPE" if response.status_code == 403 else True


@pytest.mark.requirement("PL-4")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", ALL, ids=str)
async def test_a_token_never_can_more_than_its_persons_role(home, operation, role):
    person = await home.make_person(role, FULL)
    request = operation.ask(made_up(operation, operation.path_parameters))
    response = await person.client.request(**request)
    refused = response.status_code == 403 and response.json()["code"] == "INSUFFICIENT_SCOPE"
    assert refused == (not operation.scopes <= scopes_of_role(role))
