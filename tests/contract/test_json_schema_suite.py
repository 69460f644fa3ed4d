"""The official JSON Schema 2020-12 test suite, every case through a live endpoint.

Each schema is a file of its own that a request body refers to, as a spec author
would have it. The required cases must all pass; of the optional ones those that
assert formats, since the engine asserts formats (which is why `format.json`,
where they are mere annotations, is left out).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudmetrics.contract import Contract, serve
from tests.contract.conftest import client_of

SUITE = Path(__file__).parents[2].parent / "shared" / "data" / "json_schema_2020_12_suite.json.gz"

pytestmark = [
    pytest.mark.requirement("B-1"),
    pytest.mark.skipif(not SUITE.exists(), reason="the JSON Schema test suite is not beside this checkout"),
]


def suite() -> dict[str, Any]:
    return json.loads(gzip.decompress(SUITE.read_bytes())) if SUITE.exists() else {"tests": {}}


def files() -> list[str]:
    names = suite()["tests"]
    return sorted(
        name
        for name in names
        if ("/" not in name and name != "format.json") or name.startswith("optional/format/")
    )


async def accept(body: Any) -> tuple[None, int]:
    return None, 204


@pytest.mark.parametrize("name", files())
async def test_every_case_of_the_suite(name: str, tmp_path: Path, handlers: Callable[..., str]) -> None:
    data = suite()
    groups = data["tests"][name]
    app = serve_groups(groups, data["remotes"], tmp_path, handlers)
    wrong = []
    async with client_of(app) as client:
        for index, group in enumerate(groups):
            for case in group["tests"]:
                response = await post(client, index, case["data"])
                if (response.status_code == 204) != case["valid"]:
                    wrong.append((group["description"], case["description"], response.text[:300]))
    assert wrong == []


def serve_groups(
    groups: list[Any], remotes: dict[str, Any], folder: Path, handlers: Callable[..., str]
) -> Any:
    paths: dict[str, Any] = {}
    for index, group in enumerate(groups):
        (folder / f"schema{index}.yaml").write_text(json.dumps(group["schema"]))
        paths[f"/{index}"] = {
            "post": {
                "operationId": f"accept-{index}",
                "tags": ["Things"],
                "x-allow-nul": True,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": f"schema{index}.yaml"}}},
                },
                "responses": {"204": {"description": "Valid"}, "400": {"description": "Invalid"}},
            }
        }
    root = folder / "openapi.yaml"
    root.write_text(
        json.dumps({"openapi": "3.1.1", "info": {"title": "Suite", "version": "1.0.0"}, "paths": paths})
    )
    functions = {f"accept_{index}": accept for index in range(len(groups))}
    # Some of its schemas have defaults that break them, to show that defaults do not validate.
    contract = Contract.load(root, remotes=remotes, examples=False)
    return serve(contract, handlers=handlers(things=functions))


async def post(client: httpx.AsyncClient, index: int, value: Any) -> httpx.Response:
    return await client.post(
        f"/{index}", content=json.dumps(value), headers={"content-type": "application/json"}
    )
