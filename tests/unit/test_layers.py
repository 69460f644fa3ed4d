"""The house has four floors, and no import runs up; each foreign library has its one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = (
    {"platform", "contract"},
    {"accounts", "analytics", "costs", "delivery"},
    {"boards", "alerting", "assistant", "gateway", "portal", "reports", "usage"},
    {
        "handlers",
        "app",
        "asgi",
        "cli",
        "demo",
        "development",
        "gates",
        "importing",
        "mock",
        "exporting",
        "gunicorn_settings",
        "sdks",
        "worker",
        "__init__",
        "__main__",
    },
)
FLOOR_OF = {part: number for number, parts in enumerate(FLOORS) for part in parts}

Modules = dict[str, str]


def project() -> Modules:
    """File, relative to the repository → its source."""
    files = [path for folder in ("cloudmetrics", "handlers") for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def part_of(module: str) -> str:
    """The part of the house that a dotted module belongs to: cloudmetrics.gateway.limits is gateway."""
    names = module.split(".")
    return "handlers" if names[0] == "handlers" else (names[1] if len(names) > 1 else "__init__")


def imports(file: str, source: str) -> Iterator[str]:
    """Dotted names of everything that a file imports, wherever in the file; relative ones made absolute."""
    package = file.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from cloudmetrics import gateway` names the part after the import.
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own(modules: Modules) -> Iterator[tuple[str, str, str]]:
    """File, the part that it belongs to, and another part that it imports."""
    for file, source in modules.items():
        part = part_of(file.removesuffix(".py").replace("/", "."))
        for name in imports(file, source):
            if name.split(".")[0] in ("cloudmetrics", "handlers") and part_of(name) != part:
                yield file, part, part_of(name)


def running_up(modules: Modules) -> list[str]:
    return [
        f"{file} imports {other}"
        for file, part, other in own(modules)
        if part == "contract" or FLOOR_OF[other] > FLOOR_OF[part]
    ]


def misplaced(modules: Modules) -> list[str]:
    return [
        f"{file} imports {name.split('.')[0]}"
        for file, source in modules.items()
        for name in imports(file, source)
        if not may_import(file, name.split(".")[0])
    ]


def may_import(file: str, library: str) -> bool:
    if library == "connexion":
        return file.startswith("cloudmetrics/contract/")
    if library == "joserfc":
        return file.startswith("cloudmetrics/accounts/oauth/")
    if library in ("flask", "flask_swagger_ui", "authlib"):
        return file.startswith("cloudmetrics/portal/")
    if library in ("psycopg", "psycopg_pool", "redis", "hiredis"):
        return file.startswith("cloudmetrics/platform/") or file.endswith("/store.py")
    return True


def circles(modules: Modules) -> list[str]:
    """Parts that import each other, directly or around a corner."""
    graph: dict[str, set[str]] = {}
    for _, part, other in own(modules):
        graph.setdefault(part, set()).add(other)
    return [part for part in graph if part in reachable(graph, part)]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph.get(start, ()))
    while todo:
        part = todo.pop()
        if part not in seen:
            seen.add(part)
            todo += graph.get(part, ())
    return seen


def test_every_part_has_a_floor():
    parts = {part_of(file.removesuffix(".py").replace("/", ".")) for file in project()}
    assert parts <= set(FLOOR_OF), "Give the new part a floor in FLOORS."


def test_no_import_runs_up():
    assert running_up(project()) == []


def test_no_parts_import_each_other():
    assert circles(project()) == []


def test_libraries_are_imported_only_in_their_places():
    assert misplaced(project()) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cloudmetrics/platform/ids.py", "from cloudmetrics.accounts import service"),
        ("cloudmetrics/accounts/service.py", "def late():\n    import cloudmetrics.gateway.limits"),
        ("cloudmetrics/analytics/service.py", "from cloudmetrics import gateway"),
        ("cloudmetrics/analytics/service.py", "from ..gateway import limits"),
        ("cloudmetrics/gateway/limits.py", "from handlers.websites import list_websites"),
        ("cloudmetrics/contract/engine.py", "from cloudmetrics.platform import clock"),
    ],
)
def test_an_import_that_runs_up_is_seen(file, source):
    assert running_up({file: source}) != []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cloudmetrics/gateway/app.py", "import connexion.security"),
        ("cloudmetrics/app.py", "from flask import Flask"),
        ("cloudmetrics/accounts/oauth/service.py", "from authlib.oauth2 import OAuth2Error"),
        ("cloudmetrics/gateway/access_tokens.py", "from joserfc import jwt"),
        ("cloudmetrics/accounts/service.py", "import psycopg"),
        ("handlers/events.py", "from redis.asyncio import Redis"),
    ],
)
def test_a_misplaced_library_is_seen(file, source):
    assert misplaced({file: source}) != []


def test_a_circle_is_seen():
    modules = {
        "cloudmetrics/accounts/service.py": "from cloudmetrics.analytics import service",
        "cloudmetrics/analytics/service.py": "from cloudmetrics.accounts import service",
    }
    assert circles(modules) == ["accounts", "analytics"]
