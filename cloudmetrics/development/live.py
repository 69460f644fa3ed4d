"""An ASGI application that is exchanged for its successor while it serves."""

from __future__ import annotations

import asyncio
from typing import Any

from cloudmetrics.contract import ASGIApp, Receive, Scope, Send

# How long requests of the former application may take to end.
PATIENCE_SECONDS = 5.0


class Live:
    """Whatever was exchanged last answers. Before the first one, nothing may be asked."""

    def __init__(self) -> None:
        self._current: Running | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._current is not None
        await self._current.serve(scope, receive, send)

    async def exchange(self, app: ASGIApp) -> None:
        """Begins an application, and from then on sends all requests to it.

        The former one ends when it has answered those that it has. Raises whatever
        keeps the new one from beginning; the former one goes on then.
        """
        begun = Running(app)
        await begun.begin()
        former, self._current = self._current, begun
        if former is not None:
            task = asyncio.create_task(former.end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        if self._current is not None:
            await self._current.end()
        await asyncio.gather(*self._ending)


class Running:
    """An application with its lifespan, and the number of requests that it is at."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._busy += 1
        self._idle.clear()
        try:
            await self.app(scope, receive, send)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def __aenter__(self) -> Running:
        await self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def begin(self) -> None:
        """Raises RuntimeError where the application cannot begin."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        self._lifespan = asyncio.create_task(self._live(scope))
        await self._tell("startup")

    async def end(self) -> None:
        """Waits for the requests that are under way, and then ends the application."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            pass  # Whoever still waits gets what an application answers whose stores are closed.
        await self._tell("shutdown")

    async def _live(self, scope: dict[str, Any]) -> None:
        try:
            await self.app(scope, self._told.get, self._answers.put)
        except Exception as error:
            await self._answers.put({"type": "lifespan.failed", "error": error})

    async def _tell(self, moment: str) -> None:
        """Raises RuntimeError where the application does not get through this moment."""
        await self._told.put({"type": f"lifespan.{moment}"})
        answer = await self._answers.get()
        if answer["type"] != f"lifespan.{moment}.complete":
            raise RuntimeError(f"The application's {moment} failed: {answer.get('message')}") from answer.get(
                "error"
            )
