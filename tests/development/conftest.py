"""A small project that is being written: a contract, handlers, and what is printed when they are saved."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudmetrics.contract import MockResolver, TagResolver, serve
from cloudmetrics.development.app import Development
from cloudmetrics.development.building import Builder
from cloudmetrics.development.spectral import Spectral
from tests.integration.conftest import alive
from tests.waiting import eventually

ROOT = """openapi: 3.1.1
info: {title: Small, version: 1.0.0}
tags: [{name: Things}]
paths:
  /things: {$ref: paths/things.yaml}
"""
THINGS = """get:
  operationId: list-things
  tags: [Things]
  responses:
    '200':
      description: All things.
      content:
        application/json:
          schema: {type: array, items: {type: string}}
          examples:
            some: {value: [mocked]}
"""
HANDLERS = """async def list_things() -> list[str]:
    return ["cup"]
"""


@dataclass
class Writing:
    """The project, its application, and what was printed."""

    root: Path
    app: Development
    said: list[str] = field(default_factory=list)

    def save(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    async def until_said(self, words: str) -> str:
        """The first line that has the words."""
        await eventually(lambda: any(words in line for line in self.said))
        return next(line for line in self.said if words in line)

    async def get(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://small.example") as client:
            return await client.get(path)


@pytest.fixture(scope="session", autouse=True)
def with_tools(tools: None) -> None:
    """What is saved is linted."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "spec" / "paths").mkdir(parents=True)
    (tmp_path / "spec" / "openapi.yaml").write_text(ROOT)
    (tmp_path / "spec" / "paths" / "things.yaml").write_text(THINGS)
    (tmp_path / "small_handlers").mkdir()
    (tmp_path / "small_handlers" / "__init__.py").touch()
    (tmp_path / "small_handlers" / "things.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("small_handlers")]:
        del sys.modules[name]


@pytest.fixture
def write(project: Path) -> Callable[..., Any]:
    """Runs the project for the time of a block; `spectral` judges it where it is given."""

    @asynccontextmanager
    async def writing(spectral: Spectral | None = None) -> AsyncIterator[Writing]:
        def make(contract):
            resolver = MockResolver(contract.documents, TagResolver("small_handlers"))
            return serve(contract, handlers=resolver, fallback=pages)

        said: list[str] = []
        builder = Builder(project / "spec" / "openapi.yaml", project / "small_handlers", make)
        app = Development(builder, said.append, spectral)
        async with alive(app):
            # The watch begins a moment after the application.
            await asyncio.sleep(0.2)
            yield Writing(project, app, said)

    return writing


async def pages(scope, receive, send):
    """Stands for the documentation."""
    if scope["type"] == "lifespan":
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
        return
    policy = (b"content-security-policy", b"default-src 'none'")
    headers = [(b"content-type", b"text/html"), policy, (b"etag", b'"1"')]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<html><body>Docs</body></html>"})
