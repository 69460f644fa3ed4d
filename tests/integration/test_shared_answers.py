"""What can go wrong with every request is answered by every operation as the contract says, none left out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import httpx
from connexion.resolver import Resolution, Resolver

from cloudmetrics import app as wiring
from cloudmetrics.accounts.limits.service import set_limits
from cloudmetrics.contract import reading
from tests.integration.conftest import alive, client_of, make_app, settings_for
from tests.integration.walking import Operation, operations

ALL = operations()
WITH_BODY = [each for each in ALL if each.bodies]


async def answers(
    walk: list[Operation], send: Callable[[Operation], Awaitable[httpx.Response]]
) -> dict[str, tuple[int, str]]:
    """Status and code, by operation; with the same for all, as it should be, there is one kind of them."""
    found = {}
    for operation in walk:
        response = await send(operation)
        assert response.headers["content-type"] == "application/problem+json", (operation.id, response.text)
        found[operation.id] = response.status_code, response.json()["code"]
    return found


def sound(operation: Operation) -> dict:
    """A request that fits the contract, of things that never were."""
    return operation.ask({name: str(uuid4()) for name in operation.path_parameters})


def raw(operation: Operation) -> dict:
    """The same without its body."""
    return {name: value for name, value in sound(operation).items() if name != "json"}


async def test_an_unknown_parameter(client):
    def send(operation):
        request = sound(operation)
        return client.request(**request | {"params": request["params"] | {"nobody_knows": "1"}})

    assert set((await answers(ALL, send)).values()) == {(400, "INVALID_REQUEST")}


async def test_no_credential(app):
    async def send(operation):
        # Each from an address of its own, since who fails too often has to wait.
        async with client_of(app) as stranger:
            return await stranger.request(**sound(operation))

    assert set((await answers(ALL, send)).values()) == {(401, "UNAUTHORIZED")}


async def test_a_body_of_another_media_type(client):
    def send(operation):
        headers = {"Content-Type": "application/x-nobody-knows"}
        return client.request(**raw(operation), content=b"{}", headers=headers)

    assert set((await answers(WITH_BODY, send)).values()) == {(415, "UNSUPPORTED_MEDIA_TYPE")}


async def test_a_body_that_says_it_is_too_large(client):
    def send(operation):
        headers = {"Content-Type": "application/json", "Content-Length": str(2**40)}
        return client.request(**raw(operation), content=b"{}", headers=headers)

    assert set((await answers(WITH_BODY, send)).values()) == {(413, "PAYLOAD_TOO_LARGE")}


async def test_a_body_that_does_not_arrive(client, monkeypatch):
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.02)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    def send(operation):
        headers = {"Content-Type": "application/json"}
        return client.request(**raw(operation), content=never(), headers=headers)

    assert set((await answers(WITH_BODY, send)).values()) == {(408, "REQUEST_TIMEOUT")}


async def test_a_used_up_limit(home, client, database):
    await set_limits(database, home.workspace.id, {"requests": "1/hour", "ingest": "1", "agent": "1"})
    # Each kind of operations has a window of its own, which one request uses up.
    by_window = {operation.window: operation for operation in reversed(ALL)}
    for operation in by_window.values():
        await client.request(**sound(operation))
    # What is sent in a batch is limited one by one.
    limited = [operation for operation in ALL if operation.path != "/v1/batch"]
    found = await answers(limited, lambda operation: client.request(**sound(operation)))
    assert set(found.values()) == {(429, "RATE_LIMITED")}


async def test_a_database_that_is_gone(home, stores):
    key = await home.make_key()
    app = make_app(settings_for("postgresql://nobody@127.0.0.1:1/none", stores.redis_url))
    async with alive(app), client_of(app, key) as client:
        found = await answers(ALL, lambda operation: client.request(**sound(operation)))
    assert set(found.values()) == {(503, "SERVICE_UNAVAILABLE")}


async def test_a_handler_that_fails(home, database_url, stores, monkeypatch):
    class Failing(Resolver):
        def resolve_operation_id(self, operation):
            return operation.operation_id

        def resolve(self, operation):
            async def fail(**_):
                raise RuntimeError("a bug")

            return Resolution(fail, operation.operation_id)

    monkeypatch.setattr(wiring, "handlers_of", lambda *_: Failing())
    settings = replace(settings_for(database_url, stores.redis_url), rate_limits=False)
    app = make_app(settings)
    async with alive(app), client_of(app, await home.make_key()) as client:
        found = await answers(ALL, lambda operation: client.request(**sound(operation)))
    assert set(found.values()) == {(500, "INTERNAL_ERROR")}
