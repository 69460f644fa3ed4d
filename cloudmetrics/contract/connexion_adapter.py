"""The one module that knows Connexion from the inside.

Connexion's middleware stack, its resolvers, its exception handling and its
lifespan are used as they are. What it cannot do, serve 3.1 and compile, stands
here: a Specification that holds a compiled contract, and one middleware in
place of its routing, security, validation and response middlewares.
tests/contract/test_connexion_seams.py says when an upgrade breaks this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import SpecMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.lifespan import Lifespan, LifespanMiddleware
from connexion.middleware.main import API
from connexion.spec import OpenAPISpecification
from starlette.exceptions import HTTPException

from cloudmetrics.contract.dispatch import (
    Dispatcher,
    ErrorHandler,
    ErrorHandlers,
    Resource,
    Routes,
    allowed_methods,
    explained,
    handler_of,
)
from cloudmetrics.contract.endpoint import Endpoint, send_response
from cloudmetrics.contract.errors import MethodNotAllowed, RouteNotFound
from cloudmetrics.contract.http import ASGIApp, Receive, Request, Response, Scope, Send
from cloudmetrics.contract.reading import ClientDisconnected


class CompiledSpecification(OpenAPISpecification):
    """A 3.1 contract, validated and compiled already, as Connexion keeps specifications."""

    def __init__(self, bundle: dict[str, Any], routes: Routes, dispatcher: Dispatcher) -> None:
        self._raw_spec = self._spec = bundle
        self._base_uri = ""
        self.routes = routes
        self.dispatcher = dispatcher


class ContractMiddleware(SpecMiddleware):
    """Routes requests to endpoints; what the contract does not know goes to the next app."""

    def __init__(self, next_app: ASGIApp) -> None:
        self.next_app = next_app

    def add_api(self, specification: CompiledSpecification, **_: Any) -> None:
        # Connexion tells of each base path, and the routes know all of them.
        self.routes, self.dispatcher = specification.routes, specification.dispatcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.routes.match(scope) if scope["type"] == "http" else None
        if found is None:
            await self.next_app(scope, receive, send)
            return
        resource, path_values = found
        method = scope["method"]
        endpoint = resource.get(method) or (resource.get("GET") if method == "HEAD" else None)
        try:
            if endpoint is None:
                response, reads_on = _without_endpoint(method, resource), False
            else:
                request = Request(scope, receive)
                request.operation = scope["contract.operation"] = endpoint.operation
                scope["contract.request"], scope["contract.endpoint"] = request, endpoint
                scope["contract.grant"] = None
                scope["contract.dispatcher"] = self.dispatcher
                response = await endpoint.answer(request, path_values)
                # A handler that streams the body reads on while it answers, and nobody else may.
                reads_on = endpoint.body is not None and endpoint.body.streamed
                # The request knows its scope. Left in a circle, both would wait for the garbage collector.
                del scope["contract.request"]
        except Exception as error:
            scope["contract.error"] = error
        else:
            await send_response(response, send, head=method == "HEAD", receive=None if reads_on else receive)
            return
        await self.next_app(scope, receive, send)


def _without_endpoint(method: str, resource: Resource) -> Response:
    allowed = allowed_methods(resource)
    if method != "OPTIONS":
        raise MethodNotAllowed(allowed)
    return Response(status=204, headers={"allow": ", ".join(sorted(allowed))})


class RaiseAgain:
    """Raises inside of Connexion's exception handling what an endpoint raised before it.

    So a request that goes well, as nearly all do, does not pay for that handling.
    """

    def __init__(self, next_app: ASGIApp) -> None:
        self.next_app = next_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "contract.error" in scope:
            raise scope.pop("contract.error")
        await self.next_app(scope, receive, send)


def build_app(
    bundle: dict[str, Any],
    endpoints: Sequence[Endpoint],
    base_paths: Sequence[str],
    *,
    resolver: Any,
    errors: Mapping[type[Exception], ErrorHandler],
    middlewares: Sequence[Any],
    fallback: ASGIApp,
    lifespan: Lifespan | None,
) -> ConnexionMiddleware:
    """A Connexion application around `fallback` that serves the endpoints under every base path."""
    app = ConnexionMiddleware(
        fallback,
        middlewares=[
            *middlewares,
            ContractMiddleware,
            ExceptionMiddleware,
            RaiseAgain,
            LifespanMiddleware,
        ],
        lifespan=lifespan,
        resolver=resolver,
    )
    handlers: dict[type[Exception], ErrorHandler] = {**errors, ClientDisconnected: _nobody_listens}
    routes = Routes()
    specification = CompiledSpecification(bundle, routes, Dispatcher(routes, handlers))
    for base_path in base_paths:
        routes.add(endpoints, base_path)
        app.apis.append(API(specification, base_path=base_path, resolver=resolver))
    handlers[HTTPException] = _route_not_found(handlers)
    for exception in handlers:
        app.add_error_handler(exception, _adapted(handlers))
    return app


async def _nobody_listens(_: Request, __: Exception) -> Response:
    return Response(status=400)


def _route_not_found(handlers: Mapping[type[Exception], ErrorHandler]) -> ErrorHandler:
    """Starlette says with an HTTPException that no app knows a URL."""

    async def handler(request: Request, error: Exception) -> Response:
        own: Exception = error
        if isinstance(error, HTTPException) and error.status_code == 404:
            own = RouteNotFound(f"Nothing answers at {request.path[:200]}.")
        return await handler_of(own, handlers)(request, own)

    return handler


def _adapted(
    handlers: ErrorHandlers,
) -> Callable[[ConnexionRequest, Exception], Awaitable[ConnexionResponse]]:
    """An error handler as Connexion calls it. Its answers are validated like all others."""

    async def adapted(connexion_request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        scope: Scope = connexion_request.scope
        request = scope.pop("contract.request", None) or Request(scope, connexion_request.receive)
        endpoint: Endpoint | None = scope.get("contract.endpoint")
        if isinstance(error, ClientDisconnected):
            endpoint = None
        response = await explained(request, error, endpoint, handlers)
        headers, body = response.headers, response.body
        if request.method == "HEAD" and isinstance(body, bytes):
            headers, body = {**headers, "content-length": str(len(body))}, b""
        return ConnexionResponse(
            status_code=response.status,
            content_type=response.media_type,
            mimetype=response.media_type,
            body=body,
            headers=headers,
        )

    return adapted
