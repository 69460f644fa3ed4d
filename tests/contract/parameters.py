"""What the tests of parameters share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def listing(*parameters: str, path: str = "/things") -> str:
    declared = "\n".join(f"                - {parameter}" for parameter in parameters)
    return f"""\
        paths:
          {path}:
            get:
              operationId: list-things
              tags: [Things]
              parameters:
{declared}
              responses: {{default: {{description: What arrived}}}}
        """


async def arrived(**arguments: Any) -> Any:
    return arguments


def asker(served: Callable[..., Any]) -> Callable[..., Any]:
    """`await ask(contract, url)` → the handler's arguments, or what was wrong with the request."""

    async def ask(contract: str, url: str = "/things", **options: Any) -> Any:
        async with served(contract, {"list_things": arrived}) as client:
            response = await client.get(url, **options)
        body = response.json()
        if response.status_code == 200:
            return body
        assert response.status_code == 400
        assert body["code"] == "INVALID_REQUEST"
        return {error["parameter"]: (error["code"], error["message"]) for error in body["errors"]}

    return ask


def query(schema: str, *, name: str = "q", more: str = "") -> str:
    return listing(f"{{in: query, name: {name!r}, schema: {schema}{more}}}")
