"""All wiring, on one screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import yaml
from a2wsgi import WSGIMiddleware

from cloudmetrics.accounts.access.service import Changes
from cloudmetrics.accounts.api_keys.usage import LastUsed
from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.accounts.oauth.outside import OutsideIssuer
from cloudmetrics.accounts.oauth.token_keys import TokenKeys
from cloudmetrics.contract import (
    ASGIApp,
    Contract,
    MockResolver,
    Receive,
    RouteNotFound,
    Scope,
    Send,
    TagResolver,
    serve,
)
from cloudmetrics.gateway import health
from cloudmetrics.gateway.access_tokens import TokenAuthenticator, bearer_authenticator
from cloudmetrics.gateway.api_version import ApiVersion
from cloudmetrics.gateway.authentication import api_key_authenticator
from cloudmetrics.gateway.client_address import TrustedProxies
from cloudmetrics.gateway.deprecation import Deprecations
from cloudmetrics.gateway.exchanges.service import HEADERS, Exchanges
from cloudmetrics.gateway.leak_reports import PATH as LEAK_REPORTS
from cloudmetrics.gateway.leak_reports import LeakReports, SigningKeys
from cloudmetrics.gateway.limits.service import Limits
from cloudmetrics.gateway.problems import Problems
from cloudmetrics.gateway.queue_metrics import PATH as QUEUE_METRICS
from cloudmetrics.gateway.queue_metrics import queue_metrics
from cloudmetrics.gateway.report_links import PREFIX as LINKS
from cloudmetrics.gateway.report_links import ReportLinks
from cloudmetrics.gateway.security_txt import PATH as SECURITY_TXT
from cloudmetrics.gateway.security_txt import security_txt
from cloudmetrics.gateway.share_links import share_link_authenticator
from cloudmetrics.gateway.surroundings import Surroundings
from cloudmetrics.gateway.tracing import Tracing
from cloudmetrics.gateway.transport import Transport
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.platform.telemetry import configure_logs
from cloudmetrics.portal import create_portal, is_portal_path
from cloudmetrics.portal.bridge import Bridge
from cloudmetrics.portal.forms import whole_bodies
from cloudmetrics.portal.oauth import Services, add_oauth
from cloudmetrics.portal.shared import add_shared
from cloudmetrics.usage.counting import RequestCounter

SPEC = Path(__file__).parents[1] / "spec"


def create_app(settings: Settings, contract: Contract | None = None) -> ASGIApp:
    """The whole service as one ASGI app, of a contract that was loaded already or the one in SPEC.

    Raises ContractInvalid, RegistryIncomplete.
    """
    configure_logs(settings.log_level)
    contract = contract or Contract.load(SPEC / "openapi.yaml")
    registry = read_registry()
    database = Database(settings.database_url, settings.database_pool_size)
    redis = Redis(settings.redis_url)
    keyring = Keyring(settings.secret_key, settings.previous_secret_keys)
    limits = Limits(redis, settings.workers) if settings.rate_limits else None
    deprecations = Deprecations(contract.deprecations, f"{settings.base_url}/docs/reference")
    exchanges = Exchanges(contract.operations, deprecations, limits)
    problems = Problems(registry, settings.base_url)
    last_used = LastUsed(database)
    requests = RequestCounter(database)
    changes = Changes(database)
    check_key = api_key_authenticator(database, keyring, changes, last_used)
    tokens = AccessTokens(TokenKeys(keyring, settings.token_key_generation), settings.base_url)
    outside = OutsideIssuer.of(settings.outside_issuer, settings.outside_audience)
    check_token = TokenAuthenticator(database, keyring, tokens, changes, outside)
    beside: dict[str, ASGIApp] = {
        **dict.fromkeys(health.PATHS, health.Health(health.checks_of(database, redis))),
        SECURITY_TXT: security_txt(settings.security_contact, settings.base_url),
        LEAK_REPORTS: LeakReports(database, keyring, SigningKeys(settings.leak_report_keys_url), limits),
    }

    if settings.metrics_token:
        beside[QUEUE_METRICS] = queue_metrics(database, settings.metrics_token)

    bridge = Bridge()
    pages = create_portal(contract.bundle, registry, settings.base_url)
    services = Services(bridge, database, redis, keyring, tokens, settings.base_url)
    add_oauth(pages, services, settings.outside_issuer)
    add_shared(pages, services)
    # The types of Flask and of a2wsgi name the same protocol in different words.
    portal = whole_bodies(cast("Any", WSGIMiddleware(cast("Any", pages))))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        bridge.attach(asyncio.get_running_loop())
        async with last_used.flushing(), requests.flushing():
            yield
        await redis.close()
        await database.close()

    app: ASGIApp = serve(
        contract,
        handlers=handlers_of(contract, settings),
        authenticators={
            "api_key": check_key,
            "bearer": bearer_authenticator(check_key, check_token),
            "share_link": share_link_authenticator(database, keyring),
        },
        admit=exchanges.admit,
        around=exchanges,
        headers_around=HEADERS,
        errors=problems.handlers(),
        middlewares=[
            *(
                [partial(TrustedProxies, trusted=settings.trusted_proxies)]
                if settings.trusted_proxies
                else []
            ),
            partial(Tracing, version=contract.version, count=requests.count),
            partial(Surroundings, problems=problems, base_url=settings.base_url.rstrip("/")),
            partial(ApiVersion, version=contract.version, problems=problems),
            partial(Transport, require_tls=settings.require_tls, refuse=problems.of_plain_http),
        ],
        fallback=beside_the_contract(beside, portal, {LINKS: ReportLinks(database, keyring)}),
        lifespan=lifespan,
        responses=settings.responses,
    )
    return app


def read_registry() -> list[dict[str, Any]]:
    """The error registry: code, status, title, cause and cure of each."""
    text = (SPEC / "errors.yaml").read_text(encoding="utf-8")
    registry: list[dict[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return registry


def handlers_of(contract: Contract, settings: Settings) -> TagResolver | MockResolver:
    """Where operations find their handlers. One that nobody has written yet is mocked, save in production."""
    written = TagResolver("handlers")
    return written if settings.environment == "production" else MockResolver(contract.documents, written)


def beside_the_contract(
    apps: Mapping[str, ASGIApp], portal: ASGIApp, below: Mapping[str, ASGIApp] | None = None
) -> ASGIApp:
    """What answers the URLs that are not in the contract: apps by their path, apps for whatever lies
    `below` a path, and the portal.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in apps:
            await apps[path](scope, receive, send)
        elif is_portal_path(path):
            await portal(scope, receive, send)
        else:
            for prefix, beyond in (below or {}).items():
                if path.startswith(prefix):
                    await beyond(scope, receive, send)
                    return
            raise RouteNotFound("Nothing answers at this path.")

    return app
