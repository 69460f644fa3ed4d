"""All wiring, on one screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import yaml
from a2wsgi import WSGIMiddleware

from cloudmetrics.accounts.access.service import Changes
from cloudmetrics.accounts.api_keys.usage import LastUsed
from cloudmetrics.contract import ASGIApp, Contract, Receive, RouteNotFound, Scope, Send, serve
from cloudmetrics.gateway import health
from cloudmetrics.gateway.authentication import api_key_authenticator
from cloudmetrics.gateway.client_address import TrustedProxies
from cloudmetrics.gateway.leak_reports import PATH as PATH_OF_LEAK_REPORTS
from cloudmetrics.gateway.leak_reports import LeakReports, SigningKeys
from cloudmetrics.gateway.problems import Problems
from cloudmetrics.gateway.tracing import Tracing
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.platform.telemetry import configure_logs
from cloudmetrics.portal import create_portal, is_portal_path

SPEC = Path(__file__).parents[1] / "spec"


def create_app(settings: Settings) -> ASGIApp:
    """The whole service as one ASGI app. Raises ContractInvalid, RegistryIncomplete."""
    configure_logs(settings.log_level)
    contract = Contract.load(SPEC / "openapi.yaml")
    registry = yaml.safe_load((SPEC / "errors.yaml").read_text(encoding="utf-8"))
    database = Database(settings.database_url, settings.database_pool_size)
    redis = Redis(settings.redis_url)
    last_used = LastUsed(database)
    keyring = Keyring(settings.secret_key)
    check_key = api_key_authenticator(database, keyring, Changes(database), last_used)
    leak_reports = LeakReports(database, keyring, SigningKeys(settings.leak_report_keys_url))

    # The types of Flask and of a2wsgi name the same protocol in different words.
    portal: Any = WSGIMiddleware(cast("Any", create_portal(contract.bundle, registry, settings.base_url)))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with last_used.flushing():
            yield
        await redis.close()
        await database.close()

    app: ASGIApp = serve(
        contract,
        handlers="handlers",
        authenticators={"api_key": check_key, "bearer": check_key},
        errors=Problems(registry, settings.base_url).handlers(),
        middlewares=[
            *(
                [partial(TrustedProxies, trusted=settings.trusted_proxies)]
                if settings.trusted_proxies
                else []
            ),
            partial(Tracing, version=contract.version),
        ],
        fallback=beside_the_contract(health.Health(database, redis), leak_reports, portal),
        lifespan=lifespan,
        responses=settings.responses,
    )
    return app


def beside_the_contract(healths: ASGIApp, leak_reports: ASGIApp, portal: ASGIApp) -> ASGIApp:
    """What answers the URLs that are not in the contract."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in health.PATHS:
            await healths(scope, receive, send)
        elif path == PATH_OF_LEAK_REPORTS:
            await leak_reports(scope, receive, send)
        elif is_portal_path(path):
            await portal(scope, receive, send)
        else:
            raise RouteNotFound("Nothing answers at this path.")

    return app
