"""Small contracts, written by each test into a folder of its own, and served in the process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import httpx
import pytest

from cloudmetrics.contract import Contract, serve
from tests.contract.parameters import asker

HEAD = """\
openapi: 3.1.1
info: {title: A small contract, version: 1.0.0}
"""
NUMBERS = count()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files below a folder of the test's own; the root's head is put on top of openapi.yaml."""

    def write(root: str, **files: str) -> Path:
        for name, text in {"openapi.yaml": HEAD + dedent(root), **files}.items():
            path = tmp_path / "spec" / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path / "spec" / "openapi.yaml"

    return write


@pytest.fixture
def handlers() -> Iterator[Callable[..., str]]:
    """Make a package of handlers: `handlers(things={"get_thing": function})` → the package's name."""
    made: list[str] = []

    def make(**modules: dict[str, Any]) -> str:
        package = f"handlers_{next(NUMBERS)}"
        sys.modules[package] = ModuleType(package)
        made.append(package)
        for tag, functions in modules.items():
            name = f"{package}.{tag}"
            module = ModuleType(name)
            module.__dict__.update(functions)
            sys.modules[name] = module
            setattr(sys.modules[package], tag, module)
            made.append(name)
        return package

    yield make
    for name in made:
        sys.modules.pop(name, None)


@asynccontextmanager
async def client_of(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of an application in this process."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def served(write: Callable[..., Path], handlers: Callable[..., str]) -> Callable[..., Any]:
    """Serve a contract whose tag is `Things`: `served(yaml, functions, files={}, **options)` → a client."""

    def served(
        root: str, functions: dict[str, Any], files: dict[str, str] | None = None, **options: Any
    ) -> Any:
        contract = Contract.load(write(root, **(files or {})), remotes=options.pop("remotes", None))
        return client_of(serve(contract, handlers=handlers(things=functions), **options))

    return served


@pytest.fixture
def ask(served: Callable[..., Any]) -> Callable[..., Any]:
    """`await ask(contract, url)` → the handler's arguments, or what was wrong with the request."""
    return asker(served)
