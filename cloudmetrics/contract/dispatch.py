"""Requests within a request: found, judged and answered like any other, without a network between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from urllib.parse import unquote

from cloudmetrics.contract import media
from cloudmetrics.contract.endpoint import Endpoint
from cloudmetrics.contract.errors import InvalidResponse, MethodNotAllowed, RouteNotFound
from cloudmetrics.contract.http import Message, Request, Response, Scope
from cloudmetrics.contract.operations import Operation
from cloudmetrics.contract.routing import Router

ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]
ErrorHandlers = Mapping[type[Exception], ErrorHandler]
Resource = dict[str, Endpoint]

# What belongs to one request, and not to those that stand inside of it.
OWN = ("contract.operation", "contract.request", "contract.endpoint", "contract.grant", "contract.error")


class Routes:
    """Endpoints by their URLs, below each of the contract's base paths."""

    def __init__(self) -> None:
        self._mounts: list[tuple[str, Router[Resource]]] = []

    def add(self, endpoints: Sequence[Endpoint], base_path: str) -> None:
        router: Router[Resource] = Router()
        resources: dict[str, Resource] = {}
        for endpoint in endpoints:
            operation = endpoint.operation
            resources.setdefault(operation.path, {})[operation.method] = endpoint
        for path, resource in resources.items():
            router.add(path, resource)
        self._mounts.append((base_path, router))
        self._mounts.sort(key=lambda mount: -len(mount[0]))

    def match(self, scope: Scope) -> tuple[Resource, dict[str, str]] | None:
        """The endpoints at a URL by their methods, and the values in the path."""
        raw = scope.get("raw_path")
        # The raw path keeps an encoded slash inside a value apart from one between values.
        path = raw.decode("latin-1").partition("?")[0] if raw else scope["path"]
        for base_path, router in self._mounts:
            if path.startswith(base_path) and (found := router.match(path[len(base_path) :])):
                return found
        return None


def allowed_methods(resource: Resource) -> set[str]:
    return {*resource, "OPTIONS", *(["HEAD"] if "GET" in resource else [])}


class Dispatcher:
    """Answers requests that stand inside of others."""

    def __init__(self, routes: Routes, errors: ErrorHandlers) -> None:
        self._routes = routes
        self._errors = errors

    def inner(
        self,
        outer: Request,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        forget: Collection[str] = (),
    ) -> Inner:
        """A request of the same caller.

        `target` is a path with its query, in ASCII; `headers` have lower-case names.
        `forget` names what the outer request's scope holds for itself alone.
        """
        path, _, query = target.partition("?")
        scope: Scope = {
            **{key: value for key, value in outer.scope.items() if key not in (*OWN, *forget)},
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        request = Request(scope, receive)
        request.grant = outer.grant
        found = self._routes.match(scope)
        resource, path_values = found if found is not None else ({}, {})
        return Inner(request, resource, path_values, self._errors)


class Inner:
    """A request that stands inside of another one."""

    def __init__(
        self, request: Request, resource: Resource, path_values: dict[str, str], errors: ErrorHandlers
    ) -> None:
        self.request = request
        self._resource = resource
        self._path_values = path_values
        self._errors = errors
        self._endpoint = resource.get(request.method)
        if self._endpoint is not None:
            request.operation = request.scope["contract.operation"] = self._endpoint.operation

    @property
    def operation(self) -> Operation | None:
        return self._endpoint.operation if self._endpoint else None

    @property
    def speaks_json(self) -> bool:
        """Whether it takes a body at once, if any, and answers JSON or nothing."""
        if self._endpoint is None:
            return True
        body, success = self._endpoint.body, self._endpoint.answers.at(self._endpoint.answers.success)
        kinds = success.media_types if success is not None else []
        return not (body is not None and body.streamed) and all(map(media.is_json, kinds))

    async def answer(self, raising: tuple[type[Exception], ...] = ()) -> Response:
        """Its answer, whatever that is; but errors of the kinds in `raising` are raised."""
        try:
            if not self._resource:
                raise RouteNotFound(f"Nothing answers at {self.request.path[:200]}.")
            if self._endpoint is None:
                raise MethodNotAllowed(allowed_methods(self._resource))
            return await self._endpoint.answer(self.request, self._path_values)
        except raising:
            raise
        except Exception as error:
            return await explained(self.request, error, self._endpoint, self._errors)


async def explained(
    request: Request, error: Exception, endpoint: Endpoint | None, errors: ErrorHandlers
) -> Response:
    """What an error is answered with, validated like all other answers."""
    response = await handler_of(error, errors)(request, error)
    if endpoint is None or isinstance(error, InvalidResponse):
        return response
    violations, total = endpoint.answers.check(response)
    if violations:
        try:
            endpoint.refuse(violations, total)
        except InvalidResponse as broken:
            broken.__cause__ = error
            return await handler_of(broken, errors)(request, broken)
    return response


def handler_of(error: Exception, errors: ErrorHandlers) -> ErrorHandler:
    """The handler of the nearest kind. There is one for Exception, which is all of them."""
    return next(errors[kind] for kind in type(error).__mro__ if kind in errors)
