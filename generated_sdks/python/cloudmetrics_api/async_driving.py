"""Does what flows say, over httpx, in the running event loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from . import errors
from .credentials import Credential
from .driving import failure, request_of
from .flow import Answer, Authorize, Flow, Patience, Pause, Send, authorizing

if TYPE_CHECKING:
    import httpx


class AsyncDriver:
    """Drives flows in the running event loop."""

    def __init__(self, base_url: str, credential: Credential, http: httpx.AsyncClient | None) -> None:
        self._base_url = base_url
        self._credential = credential
        self._lock = asyncio.Lock()
        self._http = http
        self._own = http is None
        self._headers: dict[str, str] = dict(http.headers) if http is not None else {}

    async def run(self, flow: Flow, timeout: float, patience: Patience) -> Answer:  # noqa: ASYNC109 - of one attempt.
        """The answer at the end of a flow. Raises what the flow raises."""
        try:
            step = next(flow)
            while True:
                outcome: Any = None
                try:
                    if isinstance(step, Send):
                        outcome = await self._send(step, timeout)
                    elif isinstance(step, Pause):
                        await asyncio.sleep(step.seconds)
                    else:
                        outcome = await self._authorize(step, timeout, patience)
                except errors.ConnectionFailed as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(outcome)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    async def _authorize(self, step: Authorize, timeout: float, patience: Patience) -> dict[str, str]:  # noqa: ASYNC109
        """One task gets a token; the others wait, and use the one that it got."""
        headers = self._credential.headers()
        if headers is not None and headers is not step.refused:
            return headers
        async with self._lock:
            if (headers := self._credential.headers()) is step.refused:
                self._credential.forget()
            if (headers := self._credential.headers()) is None:
                headers = (await self.run(authorizing(self._credential, patience), timeout, patience)).data
            return headers

    async def _send(self, step: Send, timeout: float) -> Answer:  # noqa: ASYNC109 - httpx takes it as a number.
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient()
            self._headers = dict(self._http.headers)
        ends = time.monotonic() + timeout
        request = request_of(self._headers, self._base_url, step, timeout)
        try:
            response = await self._http.send(request, stream=True)
            if step.stream and response.status_code < 300:
                return Answer(response.status_code, response.headers, stream=response)
            chunks = []
            try:
                async for chunk in response.aiter_bytes():
                    chunks.append(chunk)
                    if time.monotonic() > ends:
                        raise errors.TimedOut(f"the answer was not whole within {timeout:g} s")
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise failure(error) from error
        return Answer(response.status_code, response.headers, b"".join(chunks))

    async def close(self) -> None:
        if self._own and self._http is not None:
            await self._http.aclose()
