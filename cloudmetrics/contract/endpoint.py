"""One operation at work: everything that could be decided at start-up has been.

The order of judgement is: credential, admission (limits), scope, parameters and
body, together. Then the handler, then the same care for what it returns.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any

from cloudmetrics.contract.answers import Answers
from cloudmetrics.contract.bodies import Body
from cloudmetrics.contract.errors import InvalidRequest, InvalidResponse, Unauthorized, Violation
from cloudmetrics.contract.handlers import Handler, accepted, is_wanted, signature, without_default
from cloudmetrics.contract.http import Grant, Receive, Request, Response, Send
from cloudmetrics.contract.operations import Operation
from cloudmetrics.contract.parameters import Parameters
from cloudmetrics.contract.security import Security, require
from cloudmetrics.contract.selection import Selection

logger = logging.getLogger("cloudmetrics.contract")

Admit = Callable[[Request, Grant | None], Awaitable[None]]
Around = Callable[["Exchange"], Awaitable[Response]]


class Exchange:
    """A request that fits the contract, before its handler has seen it."""

    __slots__ = ("_arguments", "_endpoint", "_patch", "_path_values", "request")

    def __init__(
        self, endpoint: Endpoint, request: Request, path_values: dict[str, str], arguments: dict[str, Any]
    ) -> None:
        self.request = request
        self._endpoint = endpoint
        self._path_values = path_values
        self._arguments = arguments
        self._patch = arguments.get("body")

    async def perform(self) -> Response:
        """What the handler answers, checked against the contract. Raises whatever the handler raises."""
        return await self._endpoint.perform(self.request, self._arguments)

    @property
    def is_patch(self) -> bool:
        """Whether the body is a merge patch, and the handler is to be given the whole."""
        return self.request.method == "PATCH" and self._endpoint.replacer is not None

    def merge(self, shown: Mapping[str, Any]) -> None:
        """Gives the handler what PUT would be given: the thing as it is shown, but for the patch.

        Raises InvalidRequest where PUT would not take that.
        """
        replacer = self._endpoint.replacer
        assert replacer is not None
        assert replacer.body is not None
        violations: list[Violation] = []
        body, total = replacer.body.replacement(shown, self._patch or {}, violations)
        require_none(violations, total)
        self._arguments = {**self._arguments, "body": body}

    async def look(self) -> Response:
        """What GET would answer the same caller at the same path, now. Raises whatever that raises."""
        reader = self._endpoint.reader
        assert reader is not None, f"{self._endpoint.operation.path} cannot be read"
        scope = {**self.request.scope, "method": "GET", "query_string": b"", "headers": []}
        request = Request(scope, self.request.receive)
        request.operation, request.grant = reader.operation, self.request.grant
        return await reader.perform(request, await reader.read(request, self._path_values))


class Endpoint:
    """An operation, compiled. `enforce` refuses to send an answer that breaks the contract.

    `around` is given each exchange whose request fits the contract, and answers it.
    `reader` and `replacer` are the endpoints of GET and PUT at the same path, where there are any.
    """

    def __init__(
        self,
        operation: Operation,
        handler: Handler,
        security: Security,
        parameters: Parameters,
        body: Body | None,
        answers: Answers,
        *,
        admit: Admit | None = None,
        around: Around | None = None,
        headers_around: Collection[str] = (),
        enforce: bool = True,
        selection: Selection | None = None,
    ) -> None:
        self.operation = operation
        self.handler = handler
        self.security = security
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.admit = admit
        self.around = around
        self.reader: Endpoint | None = None
        self.replacer: Endpoint | None = None
        self.enforce = enforce
        self.selection = selection
        self.invalid_answers: Counter[str] = Counter()
        takes = accepted(handler)
        arguments = [parameter.argument for parameter in parameters.declared]
        self._absent = {name: None for name in arguments if name in without_default(handler)}
        kept = selection.argument if selection else None
        self._dropped = [
            each.argument
            for each in parameters.declared
            if each.argument != kept and not is_wanted(handler, each, headers_around)
        ]
        self._takes_body = body is not None and (takes is None or "body" in takes)
        named = signature(handler)
        self._takes_caller = "caller" in named
        self._takes_request = "request" in named

    async def answer(self, request: Request, path_values: dict[str, str]) -> Response:
        """The response to one request. Raises ContractError, or whatever the handler raises.

        Whoever has a grant already, inside of another request, is not asked for a credential.
        """
        await self._authorize(request)
        arguments = await self.read(request, path_values)
        if self.around is None:
            return await self.perform(request, arguments)
        return await self.around(Exchange(self, request, path_values, arguments))

    async def perform(self, request: Request, arguments: dict[str, Any]) -> Response:
        """What the handler makes of the arguments. Raises InvalidResponse, or whatever the handler raises."""
        chosen = arguments.pop(self.selection.argument, None) if self.selection else None
        result = await self.handler(**arguments)
        response, violations, total = self.answers.respond(result, request)
        if violations:
            self.refuse(violations, total)
        if self.selection and chosen:
            self.selection.cut(response, chosen)
        return response

    async def _authorize(self, request: Request) -> None:
        if not self.security.alternatives and self.admit is None:
            return
        try:
            if request.grant is None:
                request.grant, missing = await self.security.identify(request)
            else:
                missing = self.security.missing(request.grant)
        except Unauthorized:
            if self.admit is not None:
                await self.admit(request, None)
            raise
        request.scope["contract.grant"] = request.grant
        if self.admit is not None:
            await self.admit(request, request.grant)
        require(missing)

    async def read(self, request: Request, path_values: dict[str, str]) -> dict[str, Any]:
        """The handler's arguments. Raises a ContractError where the request does not fit the contract."""
        violations: list[Violation] = []
        given, total = self.parameters.read(request, path_values, violations)
        if self.selection:
            total += self.selection.check(given, violations)
        arguments = self._absent | given
        if self.body is not None:
            value, wrong = await self.body.read(request, violations)
            total += wrong
            if self._takes_body:
                arguments["body"] = value
        require_none(violations, total)
        for name in self._dropped:
            arguments.pop(name, None)
        if self._takes_caller:
            arguments["caller"] = request.grant.caller if request.grant else None
        if self._takes_request:
            arguments["request"] = request
        return arguments

    def refuse(self, violations: list[Violation], total: int) -> None:
        """Deal with an answer of ours that breaks the contract. Raises InvalidResponse where enforced."""
        detail = f"The answer of {self.operation.id} breaks the contract."
        if self.enforce:
            raise InvalidResponse(detail, violations=violations, total=total)
        self.invalid_answers[self.operation.id] += 1
        logger.warning(
            "invalid response",
            extra={
                "operation_id": self.operation.id,
                "violations": [violation.to_json() for violation in violations[:5]],
                "total": total,
            },
        )


def require_none(violations: list[Violation], total: int) -> None:
    """Raises InvalidRequest where a request has violations."""
    if violations:
        count = "1 thing does" if total == 1 else f"{total:,} things do"
        raise InvalidRequest(f"{count} not fit the contract.", violations=violations, total=total)


async def send_response(
    response: Response, send: Send, *, head: bool = False, receive: Receive | None = None
) -> None:
    """Write a response to the wire. `head` leaves the body out, and keeps its length.

    `receive` tells when the client goes away in the midst of a body in pieces.
    """
    headers = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in response.headers.items()]
    if response.media_type is not None:
        headers.append((b"content-type", response.media_type.encode("latin-1")))
    body = response.body
    if isinstance(body, bytes):
        if response.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if not head:
        await _send_pieces(body, send, receive)
    await send({"type": "http.response.body", "body": b""})


async def _send_pieces(pieces: AsyncIterator[bytes], send: Send, receive: Receive | None) -> None:
    """Send all there are, or as many as the client stays for.

    A server need not say that nobody listens any more, and a generator that waits
    for its next piece would not ask: what it holds must not be held for nobody.
    """
    presence = asyncio.timeout(None)
    watch = asyncio.create_task(_end_with_client(presence, receive)) if receive else None
    try:
        async with presence:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                # Neither the generator nor the server need ever have waited, and others have their turn.
                await asyncio.sleep(0)
    except TimeoutError:
        if not presence.expired():
            raise
    finally:
        if watch is not None:
            watch.cancel()
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


async def _end_with_client(presence: asyncio.Timeout, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    presence.reschedule(asyncio.get_running_loop().time())
