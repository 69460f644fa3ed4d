"""Taking in bills: a file is kept in pieces while it comes in, and loaded by a job."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.costs.focus.charges import FocusFile
from cloudmetrics.costs.focus.unpacking import GZIP_MAGIC
from cloudmetrics.costs.imports import store
from cloudmetrics.costs.imports.models import CostImport, OnError, TooManyImports
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

PIECE = 2**20
MOST_UNFINISHED = 10
# Text packs to a tenth even so, and faster than it comes in.
PACKING = 1
# An upload whose server died is forgotten after this; none takes as long.
DISCARD_AFTER = timedelta(hours=12)


async def create(caller: Caller, sent: AsyncIterator[bytes], on_error: OnError) -> CostImport:
    """Keeps a file, CSV or gzip, and has it loaded.

    Raises TooManyImports, and FileUnfit where the first piece shows that it is no FOCUS file.
    """
    if await store.unfinished(caller.tenant) >= MOST_UNFINISHED:
        raise TooManyImports(MOST_UNFINISHED)
    import_id, size, number = new_id(), 0, 0
    discard_at = clock.now() + DISCARD_AFTER
    packed: bool | None = None
    try:
        async for piece in _pieces(sent):
            if packed is None:
                # It reads no further than the header.
                FocusFile([piece])
                packed = piece.startswith(GZIP_MAGIC)
            size += len(piece)
            # What is kept is gzip in any case: pieces that are packed one by one are it as a whole.
            content = piece if packed else await asyncio.to_thread(gzip.compress, piece, PACKING)
            await store.keep_piece(caller.tenant, import_id, number, content, discard_at)
            number += 1
        return await _create(caller, import_id, on_error, size, number)
    except BaseException:
        if number:
            await discard(caller.tenant, import_id)
        raise


async def _create(caller: Caller, import_id: UUID, on_error: OnError, size: int, pieces: int) -> CostImport:
    actor, subject = Actor.of(caller), ("COST_IMPORT", import_id)
    details = {"on_error": on_error.value, "bytes": size}
    now, home = clock.now_of(caller.tenant), caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        await audit.record(transaction, home, actor, Action.COST_IMPORT_CREATED, subject, **details)
        return await store.create(
            transaction, caller.tenant, import_id, on_error=on_error, size=size, pieces=pieces, now=now
        )


async def discard(tenant: Tenant, import_id: UUID) -> None:
    """Deletes the pieces of a file, unless it is still to be loaded."""
    while await store.discard_pieces(tenant, import_id):  # noqa: ASYNC110 - it deletes a part.
        await asyncio.sleep(0)


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[CostImport]:
    """The imports that a query asks for, newest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.IMPORTS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, import_id: UUID) -> CostImport:
    """Raises NotFound."""
    found = await store.get(caller.tenant, import_id)
    if found is None:
        raise NotFound("import")
    return found


async def _pieces(sent: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of one size, but for the last one. A file of nothing is one of no bytes."""
    waiting = bytearray()
    any_yet = False
    async for part in sent:
        waiting += part
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
            any_yet = True
    if waiting or not any_yet:
        yield bytes(waiting)
