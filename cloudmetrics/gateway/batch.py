"""Several requests in one: each judged, counted and answered like any other, in their order.

Alone, each is what it would be by itself. Atomic, or with an `Idempotency-Key` for all of
them, they share one transaction; atomic, the first that is refused undoes the rest. What
does not end with its transaction (events, streams) is not let into a batch at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from cloudmetrics.contract import Request, Response
from cloudmetrics.contract.dispatch import Inner
from cloudmetrics.gateway.exchanges.models import BatchUndone, NotInBatch
from cloudmetrics.gateway.exchanges.service import HOLDS, UNCHANGED, VERSION, as_one
from cloudmetrics.gateway.limits.service import TAKEN
from cloudmetrics.gateway.surroundings import problems_of
from cloudmetrics.gateway.tracing import ADDED_HEADERS, COUNT
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import Overtaken

# What the outer request's scope holds for itself alone.
OWN = (TAKEN, ADDED_HEADERS, VERSION, UNCHANGED)
# The fields of a request that travel as headers.
HEADERS = {"idempotency_key": "idempotency-key", "if_match": "if-match", "if_none_match": "if-none-match"}
MARK = "x-batch"


async def answers(
    request: Request, caller: Caller, asked: Sequence[Mapping[str, Any]], *, atomic: bool
) -> list[dict[str, Any]]:
    """What each of the requests is answered, in their order. Raises BatchUndone, Overtaken."""

    async def one_by_one(work: Transaction | None = None) -> list[dict[str, Any]]:
        return [
            await _answered(request, caller, each, index, work, atomic=atomic)
            for index, each in enumerate(asked)
        ]

    if atomic or caller.tenant.database.is_at_work:
        return await as_one(caller.tenant, one_by_one, snapshot=True)
    return await one_by_one()


async def _answered(
    outer: Request,
    caller: Caller,
    asked: Mapping[str, Any],
    index: int,
    work: Transaction | None,
    *,
    atomic: bool,
) -> dict[str, Any]:
    inner = _inner(outer, asked)
    response = await (_apart(inner) if work is None else _within(inner, caller, work))
    if ADDED_HEADERS in inner.request.scope:
        # How the caller stands after the last of them is what the answer to all tells.
        outer.scope[ADDED_HEADERS] = inner.request.scope[ADDED_HEADERS]
    if inner.operation is not None:
        outer.scope[COUNT](caller, inner.operation.id, response.status)
    if atomic and response.status >= 400:
        raise BatchUndone(index, response)
    assert isinstance(response.body, bytes)
    return {
        "id": asked.get("id"),
        "status": response.status,
        "headers": response.headers,
        "body": orjson.loads(response.body) if response.body else None,
    }


def _inner(outer: Request, asked: Mapping[str, Any]) -> Inner:
    headers = {header: asked[field] for field, header in HEADERS.items() if field in asked}
    body = b""
    if "body" in asked:
        body = orjson.dumps(asked["body"])
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
    return outer.inner(asked["method"], asked["path"], headers, body, forget=OWN)


async def _apart(inner: Inner, raising: tuple[type[Exception], ...] = ()) -> Response:
    operation = inner.operation
    if operation is not None and (
        operation.extensions.get(MARK) is False or HOLDS in operation.extensions or not inner.speaks_json
    ):
        return await problems_of(inner.request).of_table(inner.request, NotInBatch())
    return await inner.answer(raising)


async def _within(inner: Inner, caller: Caller, work: Transaction) -> Response:
    """Its answer as a part of the whole; a refusal undoes what came before it, of this request."""
    response: Response | None = None
    try:
        async with caller.tenant.transaction():
            # The whole is tried anew where others overtook it.
            response = await _apart(inner, raising=(Overtaken,))
            if response.status >= 400:
                raise _Refused
    except _Refused:
        pass
    assert response is not None
    return response


class _Refused(Exception):
    """Undoes a part."""
