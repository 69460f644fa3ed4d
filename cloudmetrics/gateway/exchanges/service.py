"""Around each handler: tags on what it answers, conditions before it, and once only what has a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import orjson

from cloudmetrics.contract import Exchange, Grant, Operation, Request, Response
from cloudmetrics.gateway.deprecation import Deprecations
from cloudmetrics.gateway.exchanges import store
from cloudmetrics.gateway.exchanges.etags import etag_of, insists_on, knows
from cloudmetrics.gateway.exchanges.models import (
    Claim,
    KeyInUse,
    KeyReused,
    PreconditionFailed,
    packed,
    unpacked,
)
from cloudmetrics.gateway.exchanges.versions import MARK, WORKSPACE, Versions
from cloudmetrics.gateway.limits.service import Limits
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import Overtaken

HEADERS = KEY, CONDITION, KNOWN = "idempotency-key", "if-match", "if-none-match"
# Who reads may keep the answer, nobody on the way, and asks before using it again.
CACHE_CONTROL = "private, no-cache"
# So often a write that others overtook is tried, before its caller is told.
ATTEMPTS = 3

Result = TypeVar("Result")

# Where a request's scope keeps the version that it was admitted at, and the tag that is right at that.
VERSION, UNCHANGED = "gateway.version", "gateway.unchanged"
# The mark of an operation whose body holds requests.
HOLDS = "x-holds-requests"


class Exchanges:
    """Admits requests, and answers exchanges. Without `limits`, nothing is counted."""

    def __init__(
        self, operations: Iterable[Operation], deprecations: Deprecations, limits: Limits | None = None
    ) -> None:
        operations = tuple(operations)
        self._headers = {
            each.id: frozenset(
                parameter.name.lower() for parameter in each.parameters if parameter.location == "header"
            )
            for each in operations
        }
        self._stable = {each.id for each in operations if each.extensions.get(MARK) == WORKSPACE}
        self._deprecations = deprecations
        self._limits = limits
        self._versions = Versions()

    async def admit(self, request: Request, grant: Grant | None) -> None:
        """Counts a request; one that will find nothing changed only in the window of its address.

        Raises TooManyRequests, Unavailable.
        """
        if (
            grant is not None
            and KNOWN in request.headers
            and await self._is_unchanged(request, grant)
            # Beyond what an address may have for nothing, it costs what any request does.
            and (self._limits is None or await self._limits.admit_free(request))
        ):
            return
        if self._limits is not None:
            await self._limits.admit(request, grant)

    async def _is_unchanged(self, request: Request, grant: Grant) -> bool:
        assert request.operation is not None
        # The look has a connection of its own, which nobody waits for who holds one.
        if request.operation.id not in self._stable or grant.caller.tenant.database.is_at_work:
            return False
        request.scope[VERSION] = version = await self._versions.of(grant.caller)
        etag = self._versions.tag(request, grant, version)
        if etag is None or not knows(request.headers[KNOWN], etag):
            return False
        request.scope[UNCHANGED] = etag
        return True

    async def __call__(self, exchange: Exchange) -> Response:
        """Raises KeyInUse, KeyReused, PreconditionFailed, Overtaken, and what the handler raises."""
        request = exchange.request
        assert request.operation is not None
        self._deprecations.tell(request)
        headers = self._headers[request.operation.id]
        if KNOWN in headers:
            return await self._read(exchange)
        key = request.headers.get(KEY) if KEY in headers else None
        condition = request.headers.get(CONDITION) if CONDITION in headers else None
        if key is None and condition is None and not exchange.is_patch:
            return _tagged(await exchange.perform(), CONDITION in headers)
        assert request.grant is not None
        tenant: Tenant = request.grant.caller.tenant
        # What is decided by how things are shown holds only if nobody changes them before the commit.
        looks = condition is not None or exchange.is_patch or HOLDS in request.operation.extensions
        return await as_one(tenant, lambda work: _write(exchange, work, key, condition), snapshot=looks)

    async def _read(self, exchange: Exchange) -> Response:
        request = exchange.request
        if (etag := request.scope.get(UNCHANGED)) is not None:
            return Response(status=304, headers=_headers_of_tag(etag))
        response = _tagged(await exchange.perform(), True)
        known = request.headers.get(KNOWN)
        etag = response.headers.get("etag")
        if known is None or etag is None:
            return response
        if (version := request.scope.get(VERSION)) is not None and request.grant is not None:
            self._versions.remember(request, request.grant, version, etag)
        if not knows(known, etag):
            return response
        if self._limits is not None:
            await self._limits.give_back(request)
        return Response(status=304, headers=_headers_of_tag(etag))


async def as_one(
    tenant: Tenant, deed: Callable[[Transaction], Awaitable[Result]], *, snapshot: bool
) -> Result:
    """Does something in one transaction; anew, a few times, where others overtook it. Raises Overtaken."""
    is_whole = not tenant.database.is_at_work
    for _ in range(ATTEMPTS - 1 if is_whole else 0):
        with suppress(Overtaken):
            async with tenant.database.work(tenant.workspace_id, snapshot=snapshot) as work:
                return await deed(work)
    async with tenant.database.work(tenant.workspace_id, snapshot=snapshot) as work:
        return await deed(work)


async def _write(exchange: Exchange, work: Transaction, key: str | None, condition: str | None) -> Response:
    """Answers in one transaction: the condition, the deed, and the answer as it is kept."""
    request = exchange.request
    assert request.grant is not None
    caller: Caller = request.grant.caller
    claim = Claim.of(caller, key, request) if key is not None else None
    if claim is not None and (kept := await _kept(work, caller, claim)) is not None:
        return kept
    if condition is not None or exchange.is_patch:
        await _look(exchange, condition)
    response = _tagged(await exchange.perform(), request.method in ("PUT", "PATCH"))
    if claim is not None:
        sealed = caller.keyring.seal(claim.purpose, packed(response, claim.fingerprint))
        await store.keep(work, claim, sealed, clock.now())
    return response


async def _look(exchange: Exchange, condition: str | None) -> None:
    """Judges the condition by how the thing is now, and fills in what a patch leaves as it is."""
    shown = _bytes(await exchange.look())
    etag = etag_of(shown)
    if condition is not None and not insists_on(condition, etag):
        raise PreconditionFailed(etag)
    if exchange.is_patch:
        exchange.merge(orjson.loads(shown)["data"])


async def _kept(transaction: Transaction, caller: Caller, claim: Claim) -> Response | None:
    """The answer to an earlier request with the key; None makes the key ours."""
    if not await store.lock(transaction, claim):
        raise KeyInUse
    sealed = await store.find(transaction, claim)
    if sealed is None:
        return None
    response, fingerprint = unpacked(caller.keyring.unseal(claim.purpose, sealed))
    if fingerprint != claim.fingerprint:
        raise KeyReused
    response.headers["idempotency-replayed"] = "true"
    return response


def _tagged(response: Response, is_whole: bool) -> Response:
    """Gives an answer its tag, where it holds a whole thing as GET would show it."""
    if is_whole and response.status == 200 and isinstance(response.body, bytes):
        response.headers |= _headers_of_tag(etag_of(response.body))
    return response


def _headers_of_tag(etag: str) -> dict[str, str]:
    return {"etag": etag, "cache-control": CACHE_CONTROL}


def _bytes(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body
