"""The clients: one that waits, and one that is awaited."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, cast
from urllib.parse import urlsplit

from . import credentials
from .calls import Call
from .driving import Driver
from .flow import Answer, Patience, calling
from .generated.resources import AsyncResources, Resources
from .generated.types import UNSET
from .generated.version import VERSION

if TYPE_CHECKING:
    import httpx

    from .buffer import AsyncEventsBuffer, EventsBuffer
    from .downloads import AsyncDownload, Download
    from .streaming import AsyncEventStream, EventStream

T = TypeVar("T")
P = ParamSpec("P")
BASE_URL = "http://127.0.0.1:8080"
TIMEOUT = 30.0
USER_AGENT = f"cloudmetrics-python/{VERSION} (Python {platform.python_version()})"

_answer: ContextVar[Answer | None] = ContextVar("cloudmetrics_answer", default=None)


class Response(Generic[T]):
    """What a method gives, and the answer that it came in."""

    def __init__(self, data: T, answer: Answer) -> None:
        self.data = data
        self.status = answer.status
        self.headers = answer.headers
        self.trace_id = answer.trace_id
        # For `if_match` and `if_none_match`.
        self.etag = answer.headers.get("etag")
        meta = answer.json().get("meta") if answer.content else None
        # What is said about the answer, such as the question as it was understood.
        self.meta: dict[str, Any] = meta if isinstance(meta, dict) else {}

    def __repr__(self) -> str:
        return f"<Response {self.status}: {self.data!r}>"


class _Settings:
    """What both clients are told."""

    def __init__(
        self, base_url: str | None, timeout: float, patience: Patience, headers: Mapping[str, str]
    ) -> None:
        base_url = base_url or os.environ.get("CLOUDMETRICS_BASE_URL") or BASE_URL
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"base_url is the address of a server, such as {BASE_URL}, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        if self.base_url.endswith("/v1"):
            raise ValueError(f"base_url goes without /v1: {base_url!r}")
        self.timeout = timeout
        self.patience = patience
        self.headers = {"user-agent": USER_AGENT} | {name.lower(): each for name, each in headers.items()}


class CloudMetrics(Resources):
    """The API, as a client that waits for each answer. Threads may share one; close it when you are done.

    The credential is `api_key`, or else the environment's CLOUDMETRICS_API_KEY; or `client_id` and
    `client_secret` of an OAuth client, for which access tokens are got and renewed. `base_url` is the
    server's address without `/v1`, or else the environment's CLOUDMETRICS_BASE_URL, or your own machine.
    `timeout` is in seconds, for each attempt. A call that failed in passing is repeated up to `max_retries`
    times where that is safe, after a random time of up to `retry_delay` seconds, doubled each time.
    `http_client` is for proxies and certificates of your own.

    Raises CredentialMissing, ValueError.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        scopes: Sequence[str] = (),
        timeout: float = TIMEOUT,
        max_retries: int = 2,
        retry_delay: float = 0.5,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._settings = _Settings(base_url, timeout, Patience(max_retries, retry_delay), headers or {})
        credential = credentials.choose(api_key, client_id, client_secret, scopes)
        self._driver = Driver(self._settings.base_url, credential, http_client)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """The same client with other options, over the same connections."""
        other = object.__new__(type(self))
        other._settings = _changed(self._settings, timeout, max_retries, retry_delay, headers)
        other._driver = self._driver
        return other

    def with_response(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        """Calls a method of a resource; gives the headers and `meta` of its answer, too."""
        _answer.set(None)
        return _response(method(*args, **kwargs))

    def request(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = UNSET
    ) -> Answer:
        """Calls something that this version has no method for, such as `GET /v1/new-things`."""
        return self.send(Call(method.upper(), path, query=query, whole=body))

    def stream(self, path: str, *, query: Mapping[str, Any] | None = None) -> EventStream:
        """Server-Sent Events of a path."""
        return self.events_of(Call("GET", path, query=query))

    def buffer(self, **options: Any) -> EventsBuffer:
        """Takes events one by one, and sends them in batches in the background: see EventsBuffer."""
        from .buffer import EventsBuffer

        return EventsBuffer(self, **options)

    def fetch(self, call: Call, parse: Callable[[Mapping[str, Any]], T]) -> T:
        return _parsed(self.send(call), call, parse)

    def send(self, call: Call) -> Answer:
        return self._run(call)

    def open(self, call: Call) -> Answer:
        return self._run(call, stream=True)

    def download(self, call: Call) -> Download:
        from .downloads import Download

        return Download(self, call)

    def events_of(self, call: Call) -> EventStream:
        from .streaming import EventStream

        return EventStream(self, call)

    def _run(self, call: Call, *, stream: bool = False) -> Answer:
        settings = self._settings
        flow = calling(call, settings.patience, settings.headers, stream=stream)
        answer = self._driver.run(flow, settings.timeout, settings.patience)
        _answer.set(answer)
        return answer

    @property
    def patience(self) -> Patience:
        return self._settings.patience

    def close(self) -> None:
        """Closes the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CloudMetrics {self._settings.base_url}>"


class AsyncCloudMetrics(AsyncResources):
    """The API, as a client whose methods are awaited: for the rest, see CloudMetrics.

    Raises CredentialMissing, ValueError.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        scopes: Sequence[str] = (),
        timeout: float = TIMEOUT,
        max_retries: int = 2,
        retry_delay: float = 0.5,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings = _Settings(base_url, timeout, Patience(max_retries, retry_delay), headers or {})
        self._credential = credentials.choose(api_key, client_id, client_secret, scopes)
        from .async_driving import AsyncDriver

        self._driver = AsyncDriver(self._settings.base_url, self._credential, http_client)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """The same client with other options, over the same connections."""
        other = object.__new__(type(self))
        other._settings = _changed(self._settings, timeout, max_retries, retry_delay, headers)
        other._credential = self._credential
        other._driver = self._driver
        return other

    async def with_response(
        self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Response[T]:
        """Calls a method of a resource; gives the headers and `meta` of its answer, too."""
        _answer.set(None)
        return _response(await method(*args, **kwargs))

    async def request(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = UNSET
    ) -> Answer:
        """Calls something that this version has no method for, such as `GET /v1/new-things`."""
        return await self.send(Call(method.upper(), path, query=query, whole=body))

    def stream(self, path: str, *, query: Mapping[str, Any] | None = None) -> AsyncEventStream:
        """Server-Sent Events of a path."""
        return self.events_of(Call("GET", path, query=query))

    def buffer(self, **options: Any) -> AsyncEventsBuffer:
        """Takes events one by one, and sends them in batches in the background: see EventsBuffer."""
        from .buffer import AsyncEventsBuffer

        return AsyncEventsBuffer(self._sync_twin(), **options)

    async def fetch(self, call: Call, parse: Callable[[Mapping[str, Any]], T]) -> T:
        return _parsed(await self.send(call), call, parse)

    async def send(self, call: Call) -> Answer:
        return await self._run(call)

    async def open(self, call: Call) -> Answer:
        return await self._run(call, stream=True)

    def download(self, call: Call) -> AsyncDownload:
        from .downloads import AsyncDownload

        return AsyncDownload(self, call)

    def events_of(self, call: Call) -> AsyncEventStream:
        from .streaming import AsyncEventStream

        return AsyncEventStream(self, call)

    async def _run(self, call: Call, *, stream: bool = False) -> Answer:
        settings = self._settings
        flow = calling(call, settings.patience, settings.headers, stream=stream)
        answer = await self._driver.run(flow, settings.timeout, settings.patience)
        _answer.set(answer)
        return answer

    def _sync_twin(self) -> CloudMetrics:
        """The same client for a thread of its own."""
        twin = object.__new__(CloudMetrics)
        twin._settings = self._settings
        twin._driver = Driver(self._settings.base_url, self._credential, None)
        return twin

    @property
    def patience(self) -> Patience:
        return self._settings.patience

    async def close(self) -> None:
        """Closes the connections."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncCloudMetrics {self._settings.base_url}>"


def _changed(
    settings: _Settings,
    timeout: float | None,
    max_retries: int | None,
    retry_delay: float | None,
    headers: Mapping[str, str] | None,
) -> _Settings:
    old = settings.patience
    patience = Patience(
        old.max_retries if max_retries is None else max_retries,
        old.delay if retry_delay is None else retry_delay,
    )
    return _Settings(
        settings.base_url,
        settings.timeout if timeout is None else timeout,
        patience,
        {**settings.headers, **(headers or {})},
    )


def _parsed(answer: Answer, call: Call, parse: Callable[[Mapping[str, Any]], T]) -> T:
    """What an answer means. Raises InvalidAnswer where it does not keep to the contract."""
    body = answer.json()
    if (call.query or {}).get("fields"):
        # A model has all of its fields, and this answer has not.
        from .sparse import Sparse

        return cast("T", Sparse(body))
    try:
        return parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise answer.invalid(f"not what the contract says: {error!r}") from error


def _response(data: T) -> Response[T]:
    answer = _answer.get()
    if answer is None:
        raise TypeError("with_response takes a method that asks at once; a list tells meta with each page")
    return Response(data, answer)
