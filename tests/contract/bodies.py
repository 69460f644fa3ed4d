"""What the tests of request bodies share."""

from __future__ import annotations

from typing import Any

import httpx

JSON = {"content-type": "application/json"}


def posting(content: str, more: str = "", *, required: bool = True) -> str:
    return f"""\
        paths:
          /things:
            post:
              operationId: create-thing
              tags: [Things]
              {more}
              requestBody: {{required: {str(required).lower()}, content: {content}}}
              responses: {{default: {{description: What arrived}}}}
        """


async def arrived(body: Any) -> Any:
    return body


async def post(served: Any, contract: str, handler: Any = arrived, **options: Any) -> httpx.Response:
    async with served(contract, {"create_thing": handler}) as client:
        return await client.post("/things", **options)


async def nothing(body: Any) -> None:
    return None
