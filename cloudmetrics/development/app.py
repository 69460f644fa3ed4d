"""The service in development: whatever is saved is live a moment later, or told with what mends it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from watchfiles import awatch

from cloudmetrics.contract import Contract, Finding, Receive, Scope, Send
from cloudmetrics.development.building import Broken, Builder
from cloudmetrics.development.live import Live
from cloudmetrics.development.pages import Pages
from cloudmetrics.development.spectral import Spectral
from cloudmetrics.gates.models import GateBroken

# Editors save in several steps; after this long without one they are done.
STEP_MILLISECONDS = 10
WATCHED = (".yaml", ".yml", ".json", ".py")
REFUSAL = b"<!doctype html><title>Broken</title><body><p>The terminal tells what cannot be served.</p></body>"


class Development:
    """An ASGI application. `say` prints a line where the developer looks.

    `changes` brings the files that were saved, group by group; the folders of
    `builder` are watched where it is not given.
    """

    def __init__(
        self,
        builder: Builder,
        say: Callable[[str], None],
        spectral: Spectral | None = None,
        changes: AsyncIterator[Collection[Path]] | None = None,
    ) -> None:
        self.builder = builder
        self.say = say
        self.spectral = spectral
        self.changes = changes
        self.live = Live()
        self.pages = Pages(self.live)
        self._tasks: set[asyncio.Task[None]] = set()
        self._unjudged: Contract | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self.pages(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.live.exchange(_refuse)
        await self.take_in(())
        self._tasks.add(asyncio.create_task(self._watch()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self.spectral is not None:
            await self.spectral.close()
        await self.live.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch(self) -> None:
        async for changed in self.changes or saved(self.builder.spec.parent, self.builder.handlers):
            await self.take_in(changed)

    async def take_in(self, changed: Collection[Path]) -> None:
        """Builds the service from what the files say now, and tells what came of it."""
        begun = time.perf_counter()
        former = self.builder.contract
        try:
            # In a thread, since the contract that is sound still has requests to answer.
            app = await asyncio.to_thread(self.builder.build, changed)
            await self.live.exchange(app)
        except Broken as broken:
            self._tell(broken.findings)
            return
        except Exception as error:
            self._tell([Finding("?:1:1", str(error), "see the log of the server")])
            return
        took = 1000 * (time.perf_counter() - begun)
        self.pages.tell((), new=True)
        contract = self.builder.contract
        assert contract is not None
        if former is not None:
            self.say(f"{_names(changed)}: live after {took:.0f} ms")
        if self.spectral is not None and contract is not former:
            self._judge(contract)

    def _tell(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self.say(str(finding))
        self.pages.tell(findings, new=False)

    def _judge(self, contract: Contract) -> None:
        """Asks Spectral, which looks at one contract after the other, and only at the newest that waits."""
        idle = self._unjudged is None
        self._unjudged = contract
        if idle:
            task = asyncio.create_task(self._await_verdicts())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _await_verdicts(self) -> None:
        assert self.spectral is not None
        while (contract := self._unjudged) is not None:
            try:
                findings = await self.spectral.judge(contract)
            except GateBroken as error:
                self.say(str(error))
                findings = []
            if self._unjudged is contract:
                self._unjudged = None
                self._tell(findings)


async def saved(*folders: Path) -> AsyncIterator[set[Path]]:
    """The files of the contract and of its handlers that were saved, group by group."""
    # It would tell every change of any file.
    logging.getLogger("watchfiles").setLevel(logging.ERROR)
    watching = awatch(*folders, step=STEP_MILLISECONDS, debounce=10 * STEP_MILLISECONDS, watch_filter=_counts)
    async for changes in watching:
        yield {Path(path) for _, path in changes}


def _counts(_change: object, path: str) -> bool:
    return path.endswith(WATCHED) and "/." not in path


def _names(files: Iterable[Path]) -> str:
    names = sorted(path.name for path in files)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """What stands in for a service that could not be built yet."""
    if scope["type"] == "lifespan":
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
        return
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", b"default-src 'none'"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSAL})
