"""The Python SDK's runner: `--async` for the client that is awaited. See ../README.md."""

from __future__ import annotations

import asyncio
import json
import keyword
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloudmetrics_api import AsyncCloudMetrics, CloudMetrics, errors, webhooks

ERROR_FIELDS = ("status", "code", "title", "detail", "trace_id", "retry_after", "details")
OPTIONS = (
    "base_url",
    "client_id",
    "client_secret",
    "scopes",
    "timeout",
    "max_retries",
    "retry_delay",
    "headers",
)


def main() -> None:
    runner = AsyncRunner() if "--async" in sys.argv else SyncRunner()
    for line in sys.stdin:
        message = json.loads(line)
        try:
            told = {"gives": plain(runner.do(message))}
        except (errors.CloudMetricsError, ValueError) as error:
            told = {"fails": described(error)}
        except Exception:
            told = {"crashed": traceback.format_exc()}
        print(json.dumps({"id": message["id"], **told}), flush=True)


class SyncRunner:
    """Does what it is told with CloudMetrics."""

    kind: Any = CloudMetrics

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}

    def do(self, message: dict[str, Any]) -> Any:
        given = {name_of(name): value for name, value in message.get("with", {}).items()}
        if "content" in given:
            given["content"] = given["content"].encode()
        if message["do"] == "verify":
            return webhooks.verify(**given)
        if message["do"] == "close":
            return self.close(self.clients.pop(message["client"]["name"], None))
        return getattr(self, message["do"])(self.client(message["client"]), message, given)

    def client(self, told: dict[str, Any]) -> Any:
        if told["name"] not in self.clients:
            os.environ.update(told.get("env", {}))
            try:
                options = {name: told[name] for name in OPTIONS if name in told}
                self.clients[told["name"]] = self.kind(told.get("api_key"), **options)
            finally:
                for name in told.get("env", {}):
                    del os.environ[name]
        return self.clients[told["name"]]

    def close(self, client: Any) -> None:
        if client is not None:
            client.close()

    def call(self, client: Any, message: Any, given: Any) -> Any:
        return method(client, message)(**given)

    def response(self, client: Any, message: Any, given: Any) -> Any:
        return told_response(client.with_response(method(client, message), **given))

    def items(self, client: Any, message: Any, given: Any) -> Any:
        return taken(iter(method(client, message)(**given)), message.get("take"))

    def pages(self, client: Any, message: Any, given: Any) -> Any:
        return [
            told_page(page) for page in taken(method(client, message)(**given).pages(), message.get("take"))
        ]

    def file(self, client: Any, message: Any, given: Any) -> str:
        return method(client, message)(**given).read().decode()

    def lines(self, client: Any, message: Any, given: Any) -> Any:
        return list(method(client, message)(**given).lines())

    def events(self, client: Any, message: Any, given: Any) -> Any:
        with client.stream(**given) as stream:
            return [told_event(event) for event in taken(iter(stream), message.get("take"))]

    def request(self, client: Any, message: Any, given: Any) -> Any:
        return client.request(**given).json()

    def together(self, client: Any, message: Any, given: Any) -> Any:
        called = method(client, given)
        with ThreadPoolExecutor(given["times"]) as threads:
            tasks = [threads.submit(called, **given.get("with_", {})) for _ in range(given["times"])]
            return [plain(task.result()) for task in tasks]

    def buffer(self, client: Any, message: Any, given: Any) -> Any:
        events, receipts = given.pop("events"), []
        with client.buffer(**given, on_rejected=receipts.append) as buffer:
            for event in events:
                buffer.add(event)
        return told_buffer(buffer, receipts)


class AsyncRunner(SyncRunner):
    """Does what it is told with AsyncCloudMetrics."""

    kind: Any = AsyncCloudMetrics

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()

    def do(self, message: dict[str, Any]) -> Any:
        result = super().do(message)
        return self.loop.run_until_complete(result) if asyncio.iscoroutine(result) else result

    def close(self, client: Any) -> Any:
        return client.close() if client is not None else None

    async def response(self, client: Any, message: Any, given: Any) -> Any:
        return told_response(await client.with_response(method(client, message), **given))

    async def items(self, client: Any, message: Any, given: Any) -> Any:
        return await async_taken(aiter(method(client, message)(**given)), message.get("take"))

    async def pages(self, client: Any, message: Any, given: Any) -> Any:
        pages = await async_taken(method(client, message)(**given).pages(), message.get("take"))
        return [told_page(page) for page in pages]

    async def file(self, client: Any, message: Any, given: Any) -> Any:
        return (await method(client, message)(**given).read()).decode()

    async def lines(self, client: Any, message: Any, given: Any) -> Any:
        return [line async for line in method(client, message)(**given).lines()]

    async def events(self, client: Any, message: Any, given: Any) -> Any:
        async with client.stream(**given) as stream:
            return [told_event(event) for event in await async_taken(aiter(stream), message.get("take"))]

    async def request(self, client: Any, message: Any, given: Any) -> Any:
        return (await client.request(**given)).json()

    async def together(self, client: Any, message: Any, given: Any) -> Any:
        called = method(client, given)
        tasks = [called(**given.get("with_", {})) for _ in range(given["times"])]
        return [plain(each) for each in await asyncio.gather(*tasks)]

    async def buffer(self, client: Any, message: Any, given: Any) -> Any:
        events, receipts = given.pop("events"), []
        async with client.buffer(**given, on_rejected=receipts.append) as buffer:
            for event in events:
                await buffer.add(event)
        return told_buffer(buffer, receipts)


def method(client: Any, message: Any) -> Any:
    resource, name = message["call"].split(".")
    return getattr(getattr(client, resource), name_of(name))


def name_of(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def taken(iterator: Any, count: int | None) -> list[Any]:
    got = []
    while count is None or len(got) < count:
        try:
            got.append(next(iterator))
        except StopIteration:
            break
    return got


async def async_taken(iterator: Any, count: int | None) -> list[Any]:
    got = []
    while count is None or len(got) < count:
        try:
            got.append(await anext(iterator))
        except StopAsyncIteration:
            break
    return got


def plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def told_response(response: Any) -> Any:
    names = ("meta", "status", "etag", "trace_id")
    return {"data": plain(response.data), **{name: getattr(response, name) for name in names}}


def told_page(page: Any) -> Any:
    return {"items": plain(page.items), "next_cursor": page.next_cursor, "has_more": page.has_more}


def told_event(event: Any) -> Any:
    return {"event": event.event, "data": event.data, "id": event.id}


def told_buffer(buffer: Any, receipts: list[Any]) -> Any:
    counts = {name: getattr(buffer, name) for name in ("accepted", "duplicates", "rejected")}
    return {**counts, "receipts": receipts}


def described(error: Exception) -> dict[str, Any]:
    if not isinstance(error, errors.CloudMetricsError):
        return {"kind": "INVALID_ARGUMENT", "detail": str(error)}
    fields = {name: getattr(error, name) for name in ERROR_FIELDS if getattr(error, name, None) is not None}
    violations = [
        {name: getattr(each, name) for name in ("field", "code", "message", "pointer", "parameter")}
        for each in getattr(error, "violations", ())
    ]
    return {"kind": kind_of(error), **fields, "violations": violations}


def kind_of(error: Exception) -> str:
    name = type(error).__name__
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in name).removeprefix("_")
    return {"A_P_I_Error": "API_ERROR"}.get(words, words.upper())


if __name__ == "__main__":
    main()
