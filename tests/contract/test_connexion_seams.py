"""The places where the engine is fastened to Connexion. When an upgrade breaks one, it is named here.

Connexion is pinned, since the adapter uses some names that are not its public
interface. To upgrade it: raise the pin, run this file, mend connexion_adapter.py
until it passes, then run all of tests/contract.
"""

from __future__ import annotations

import ast
import gc
import inspect
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import connexion
import pytest
from connexion.exceptions import ResolverError
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import SpecMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.main import API
from connexion.resolver import Resolver
from connexion.spec import OpenAPISpecification, Specification

from cloudmetrics.contract import Contract, serve
from tests.contract.conftest import client_of

pytestmark = [pytest.mark.requirement("B-1")]

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "cloudmetrics" / "contract"


def test_connexion_is_pinned_to_the_version_that_the_adapter_was_written_for() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [pin] = [line for line in dependencies if line.startswith("connexion")]
    assert pin == "connexion==3.3.0"
    assert version("connexion") == "3.3.0"


def test_only_the_adapter_the_engine_and_the_resolver_know_connexion() -> None:
    knowing = {
        path.name
        for path in ENGINE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "connexion")
        or (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "connexion" for a in node.names))
    }
    assert knowing == {"connexion_adapter.py", "engine.py", "handlers.py", "mocks.py"}


@pytest.mark.parametrize(
    ("function", "takes"),
    [
        (ConnexionMiddleware.__init__, {"app", "middlewares", "lifespan", "resolver"}),
        (ConnexionMiddleware.add_error_handler, {"code_or_exception", "function"}),
        (API.__init__, {"specification", "base_path", "kwargs"}),
        (SpecMiddleware.add_api, {"specification", "kwargs"}),
        (SpecMiddleware.__call__, {"scope", "receive", "send"}),
        (ExceptionMiddleware.__init__, {"next_app"}),
        (ExceptionMiddleware.add_exception_handler, {"exc_class_or_status_code", "handler"}),
        (LifespanMiddleware.__init__, {"next_app", "lifespan"}),
        (Resolver.resolve, {"operation"}),
        (Resolver.resolve_operation_id, {"operation"}),
        (
            ConnexionResponse.__init__,
            {"status_code", "content_type", "mimetype", "body", "headers"},
        ),
    ],
)
def test_what_the_adapter_calls_takes_what_the_adapter_gives(function: Any, takes: set[str]) -> None:
    assert takes <= set(inspect.signature(function).parameters)


def test_a_specification_keeps_its_document_where_ours_puts_it() -> None:
    assert issubclass(OpenAPISpecification, Specification)
    attributes = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(Specification)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    assert {"_raw_spec", "_spec", "_base_uri"} <= attributes


def test_an_application_keeps_its_apis_in_a_list_until_it_starts() -> None:
    app = ConnexionMiddleware(lambda *_: None, middlewares=[])  # type: ignore[arg-type, return-value]
    assert app.apis == []
    assert app.middleware_stack is None


def test_an_error_handlers_request_has_the_asgi_scope() -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = ConnexionRequest(scope)
    assert request.scope is scope
    assert callable(request.receive)


def test_a_function_that_is_missing_is_a_resolver_error() -> None:
    with pytest.raises(ResolverError):
        Resolver().resolve_function_from_operation_id("no_such_module.nothing")


CONTRACT = """\
        paths:
          /things:
            get: {operationId: get-thing, tags: [Things], responses: {default: {description: It}}}
        """


class TestServing:
    """The same, from the outside: what Connexion does for us, it still does."""

    @pytest.fixture
    def contract(self, write: Callable[..., Path]) -> Contract:
        return Contract.load(write(CONTRACT))

    async def test_the_application_is_connexions(
        self, contract: Contract, handlers: Callable[..., str]
    ) -> None:
        async def get_thing() -> str:
            return "it"

        app = serve(contract, handlers=handlers(things={"get_thing": get_thing}))
        assert isinstance(app, connexion.ConnexionMiddleware)
        async with client_of(app) as client:
            assert (await client.get("/things")).json() == "it"
        [api] = app.apis
        assert isinstance(api.specification, Specification)
        assert api.specification.components == contract.bundle["components"]

    async def test_a_resolver_of_connexions_finds_the_handlers(
        self, contract: Contract, handlers: Callable[..., str]
    ) -> None:
        async def get_thing() -> str:
            return "it"

        package = handlers(things={"get-thing": get_thing})
        resolver = connexion.resolver.RelativeResolver(f"{package}.things")
        async with client_of(serve(contract, handlers=resolver)) as client:
            assert (await client.get("/things")).json() == "it"

    async def test_the_lifespan_runs_around_everything(
        self, contract: Contract, handlers: Callable[..., str]
    ) -> None:
        events: list[str] = []

        async def get_thing() -> str:
            return "it"

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
            events.append("start")
            yield {"made": "at the start"}
            events.append("stop")

        app = serve(contract, handlers=handlers(things={"get_thing": get_thing}), lifespan=lifespan)
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            events.append(message["type"])

        await app({"type": "lifespan", "state": {}}, receive, send)
        assert events == ["start", "lifespan.startup.complete", "stop", "lifespan.shutdown.complete"]

    @pytest.mark.parametrize(("path", "status"), [("/things", 200), ("/things?unknown=1", 400)])
    async def test_a_request_leaves_nothing_for_the_garbage_collector(
        self, contract: Contract, handlers: Callable[..., str], path: str, status: int
    ) -> None:
        """Memory that is free at once is used again while it is in the processor's cache."""

        async def get_thing() -> str:
            return "it"

        app = serve(contract, handlers=handlers(things={"get_thing": get_thing}))
        statuses: list[int] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        async def ask() -> None:
            where, _, query = path.partition("?")
            scope = {"type": "http", "method": "GET", "path": where, "query_string": query.encode()}
            await app({**scope, "headers": []}, receive, send)

        await ask()
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                await ask()
            assert gc.collect() == 0
        finally:
            gc.enable()
        assert statuses[::2] == [status] * 11

    async def test_without_a_lifespan_a_server_that_insists_on_one_is_answered(
        self, contract: Contract, handlers: Callable[..., str]
    ) -> None:
        async def get_thing() -> str:
            return "it"

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            answers.append(message["type"])

        app = serve(contract, handlers=handlers(things={"get_thing": get_thing}))
        messages, answers = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []
        await app({"type": "lifespan", "state": {}}, receive, send)
        assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    async def test_middlewares_stand_outside_in_their_order(
        self, contract: Contract, handlers: Callable[..., str]
    ) -> None:
        order: list[str] = []

        def middleware(name: str) -> Any:
            class Middleware:
                def __init__(self, next_app: Any) -> None:
                    self.next_app = next_app

                async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                    order.append(name)
                    await self.next_app(scope, receive, send)

            return Middleware

        async def get_thing() -> None:
            order.append("handler")

        app = serve(
            contract,
            handlers=handlers(things={"get_thing": get_thing}),
            middlewares=[middleware("outer"), middleware("inner")],
        )
        async with client_of(app) as client:
            await client.get("/things")
        assert order == ["outer", "inner", "handler"]
