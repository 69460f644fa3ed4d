"""The whole contract, answered from its examples: no store, no account, for whoever builds a front end first.

Routes, credentials, parameters, bodies and problems are those of the service; a handler is never called.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from a2wsgi import WSGIMiddleware

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys.secrets import RANDOM_LENGTH, checksum, is_well_formed
from cloudmetrics.accounts.oauth.access_tokens import looks_like_one
from cloudmetrics.app import SPEC, beside_the_contract, read_registry
from cloudmetrics.contract import ASGIApp, Contract, Grant, MockResolver, Request, Unauthorized, serve
from cloudmetrics.gateway import health
from cloudmetrics.gateway.api_version import ApiVersion
from cloudmetrics.gateway.problems import Problems
from cloudmetrics.gateway.tracing import Tracing
from cloudmetrics.gateway.transport import Transport
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.telemetry import configure_logs
from cloudmetrics.portal import create_portal
from cloudmetrics.portal.forms import whole_bodies

BODY = "cm_test_" + "Mock".ljust(RANDOM_LENGTH, "0")
# The same every time, so that it can stand in a front end's settings. It opens nothing elsewhere.
DEMO_KEY = BODY + checksum(BODY)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The workspace of whoever calls a mock: it has an id for the log, and nothing is in it."""

    workspace_id: UUID


@dataclass(frozen=True, slots=True)
class Anybody:
    """Who calls a mock. Pages of every origin may read what they get."""

    tenant: Nowhere
    cors_origins: frozenset[str]


ANYBODY = Anybody(Nowhere(UUID(int=0)), frozenset({"*"}))


async def admit(_: Request, credential: str) -> Grant:
    """Every key and token that has the form of one, with all scopes. Raises Unauthorized."""
    if not (is_well_formed(credential) or looks_like_one(credential)):
        raise Unauthorized
    return Grant(ANYBODY, scopes.expand(scopes.FULL))


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Nothing has to be opened, and nothing closed."""
    yield


def create_mock(settings: Settings | None = None) -> ASGIApp:
    """The mock as an ASGI app; `settings` are those of the environment where none are given."""
    settings = settings or Settings.load()
    configure_logs(settings.log_level)
    contract = Contract.load(SPEC / "openapi.yaml")
    registry = read_registry()
    problems = Problems(registry, settings.base_url)
    pages = create_portal(contract.bundle, registry, settings.base_url)
    portal = whole_bodies(cast("Any", WSGIMiddleware(cast("Any", pages))))
    beside: dict[str, ASGIApp] = dict.fromkeys(health.PATHS, health.Health({}))
    app: ASGIApp = serve(
        contract,
        handlers=MockResolver(contract.documents),
        authenticators=dict.fromkeys(("api_key", "bearer", "share_link"), admit),
        errors=problems.handlers(),
        middlewares=[
            partial(Tracing, version=contract.version),
            partial(ApiVersion, version=contract.version, problems=problems),
            partial(Transport, require_tls=False, refuse=problems.of_plain_http),
        ],
        fallback=beside_the_contract(beside, portal),
        lifespan=lifespan,
    )
    return app
