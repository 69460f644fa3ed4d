"""No framework at all: answers that were written beforehand, so that only the server and the kernel work."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from bench.peers.data import EVENTS, goal_list, receipts

Message = MutableMapping[str, Any]

PAGE, FEW = orjson.dumps(goal_list(100)), orjson.dumps(goal_list(10))
RECEIPTS = orjson.dumps(receipts([event["id"] for event in EVENTS]))


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        while (event := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{event['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["method"] == "POST":
        while (await receive())["more_body"]:
            pass
        body = RECEIPTS
    else:
        body = FEW if scope["query_string"].endswith(b"limit=10") else PAGE
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
