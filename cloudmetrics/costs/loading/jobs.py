"""The jobs of imports: one loads a file, the others take away what nobody needs any more.

Loading begins anew where a run was cut off, as another run, so that what the earlier one
left, or still writes because it was given up too soon, is never counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from uuid import UUID

from cloudmetrics.accounts.test_clocks.service import tenant_of
from cloudmetrics.costs.focus.charges import FocusFile
from cloudmetrics.costs.focus.models import FileUnfit
from cloudmetrics.costs.imports import service as imports
from cloudmetrics.costs.imports import store as files
from cloudmetrics.costs.imports.models import CostImport, RunSuperseded, Tally
from cloudmetrics.costs.loading import store
from cloudmetrics.costs.loading.loader import Loader
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import GiveUp, JobContext, Retry, job

logger = logging.getLogger(__name__)

PATIENT = Retry(attempts=30, longest=600)
# Between two steps, others get their turn.
PAUSE_SECONDS = 0.01


@job("costs.load", retry=PATIENT)
async def load(context: JobContext, *, workspace_id: UUID, import_id: str) -> None:
    """Loads a file, and puts its bills in the place of earlier ones."""
    tenant = await tenant_of(context.database, workspace_id)
    run = store.Run(tenant, UUID(import_id))
    begun = await run.begin(clock.now_of(tenant))
    if begun is None:
        return
    reading = Reading(tenant, begun)
    try:
        await _load(run, reading)
    except RunSuperseded:
        logger.warning("import taken over by another run", extra={"import_id": import_id})
    except FileUnfit as error:
        await run.fail(reading.tally, error.code, str(error), clock.now_of(reading.tenant))
    except (Unavailable, asyncio.CancelledError):
        raise
    except Exception as error:
        message = "The server failed. It is not the file's fault."
        await run.fail(reading.tally, "INTERNAL_ERROR", message, clock.now_of(reading.tenant))
        raise GiveUp from error


async def _load(run: store.Run, reading: Reading) -> None:
    loader = await asyncio.to_thread(reading.open)
    while await asyncio.to_thread(loader.advance):
        if loader.is_full:
            await _store(run, reading, last=False)
        else:
            await run.advance(reading.tally)
    if loader.is_off:
        message = f"{loader.rejected:,} rows cannot be loaded, so nothing was, as asked."
        raise FileUnfit("ROWS_REJECTED", message)
    if loader.rejected and loader.rejected == loader.rows:
        raise FileUnfit("NOTHING_LOADED", "None of the rows can be loaded.")
    await _store(run, reading, last=True)
    await run.succeed(reading.tally, clock.now_of(reading.tenant))


async def _store(run: store.Run, reading: Reading, *, last: bool) -> None:
    portions = reading.loader.take(last=last)
    while (portion := await asyncio.to_thread(next, portions, None)) is not None:
        await run.add(portion, reading.tally)


class Reading:
    """A file that is read in a thread, while its pieces are fetched by the event loop."""

    loader: Loader

    def __init__(self, tenant: Tenant, begun: CostImport) -> None:
        self.tenant = tenant
        self._import = begun
        self._loop = asyncio.get_running_loop()
        self._pieces_read = 0
        self._version: str | None = None

    def open(self) -> Loader:
        """Raises FileUnfit."""
        file = FocusFile(self._pieces())
        self._version = file.version
        self.loader = Loader(file, self._import.on_error)
        return self.loader

    @property
    def tally(self) -> Tally:
        """How far the file was read by now."""
        loader = getattr(self, "loader", None)
        if loader is None:
            return Tally(self._pieces_read)
        loaded = 0 if loader.is_off else loader.rows - loader.rejected
        return Tally(
            self._pieces_read,
            loader.rows,
            loaded,
            loader.rejected,
            [error.to_json() for error in loader.errors],
            self._version,
        )

    def _pieces(self) -> Iterator[bytes]:
        for number in range(self._import.pieces):
            fetching = files.piece(self.tenant, self._import.id, number)
            piece = asyncio.run_coroutine_threadsafe(fetching, self._loop).result()
            if piece is None:
                raise FileUnfit("FILE_GONE", "The file is not there any more.")
            yield piece
            self._pieces_read = number + 1


@job("costs.discard", retry=PATIENT)
async def discard(context: JobContext, *, workspace_id: UUID, import_id: str) -> None:
    """Deletes a file that was loaded, or whose upload broke off."""
    await imports.discard(context.tenant(workspace_id), UUID(import_id))


@job("costs.clean", retry=PATIENT)
async def clean(context: JobContext, *, workspace_id: UUID) -> None:
    """Deletes the costs that were replaced, or never came to count."""
    tenant = context.tenant(workspace_id)
    while await store.clean(tenant):  # noqa: ASYNC110 - it deletes a part.
        await asyncio.sleep(PAUSE_SECONDS)
