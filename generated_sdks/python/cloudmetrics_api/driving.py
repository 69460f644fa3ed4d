"""Does what flows say, over httpx, and waits for it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from . import errors
from .credentials import Credential
from .flow import Answer, Authorize, Flow, Patience, Pause, Send, authorizing

if TYPE_CHECKING:
    import httpx


class Driver:
    """Drives flows in the caller's thread. Many threads may share one."""

    def __init__(self, base_url: str, credential: Credential, http: httpx.Client | None) -> None:
        self._base_url = base_url
        self._credential = credential
        # Whoever gets a token under it may be the first to open the connection, which takes it again.
        self._lock = threading.RLock()
        self._http = http
        self._own = http is None
        # What the client sends by itself; httpx would merge it anew, and slowly, for each request.
        self._headers: dict[str, str] = dict(http.headers) if http is not None else {}

    def run(self, flow: Flow, timeout: float, patience: Patience) -> Answer:
        """The answer at the end of a flow. Raises what the flow raises."""
        try:
            step = next(flow)
            while True:
                outcome: Any = None
                try:
                    if isinstance(step, Send):
                        outcome = self._send(step, timeout)
                    elif isinstance(step, Pause):
                        time.sleep(step.seconds)
                    else:
                        outcome = self._authorize(step, timeout, patience)
                except errors.ConnectionFailed as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(outcome)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def _authorize(self, step: Authorize, timeout: float, patience: Patience) -> dict[str, str]:
        """One thread gets a token; the others wait, and use the one that it got."""
        headers = self._credential.headers()
        if headers is not None and headers is not step.refused:
            return headers
        with self._lock:
            if (headers := self._credential.headers()) is step.refused:
                self._credential.forget()
            if (headers := self._credential.headers()) is None:
                headers = (self.run(authorizing(self._credential, patience), timeout, patience)).data
            return headers

    def _send(self, step: Send, timeout: float) -> Answer:
        import httpx

        http = self._open()
        ends = time.monotonic() + timeout
        request = request_of(self._headers, self._base_url, step, timeout)
        try:
            response = http.send(request, stream=True)
            if step.stream and response.status_code < 300:
                return Answer(response.status_code, response.headers, stream=response)
            chunks = []
            try:
                for chunk in response.iter_bytes():
                    chunks.append(chunk)
                    if time.monotonic() > ends:
                        raise errors.TimedOut(f"the answer was not whole within {timeout:g} s")
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise failure(error) from error
        return Answer(response.status_code, response.headers, b"".join(chunks))

    def _open(self) -> httpx.Client:
        # httpx takes a while to import, and not every program that imports this library calls.
        if self._http is None:
            import httpx

            with self._lock:
                http = self._http or httpx.Client()
                self._headers = dict(http.headers)
                self._http = http
        return self._http

    def close(self) -> None:
        if self._own and self._http is not None:
            self._http.close()


def request_of(headers: dict[str, str], base_url: str, step: Send, timeout: float) -> httpx.Request:
    """The request, with the headers that the client sends by itself."""
    import httpx

    return httpx.Request(
        step.method,
        base_url + step.target,
        headers={**headers, **step.headers},
        content=step.content,
        extensions={"timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}},
    )


def failure(error: httpx.HTTPError) -> errors.ConnectionFailed:
    """What went wrong on the way, and whether the request may have reached the server."""
    import httpx

    sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    said = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return errors.TimedOut(f"no answer came in time: {said}", sent=sent)
    url = error.request.url
    server = f"{url.scheme}://{url.netloc.decode('ascii')}"
    return errors.ConnectionFailed(f"no whole answer came from {server}: {said}", sent=sent)
