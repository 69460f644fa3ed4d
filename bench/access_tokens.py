"""What it takes to check an access token: one that was never seen, one that is known, and to make one."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.report import Figure, against_bar
from cloudmetrics.accounts.access.service import Changes
from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.accounts.oauth.token_keys import TokenKeys
from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.contract import Request
from cloudmetrics.gateway.access_tokens import TokenAuthenticator
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.embedded import running_stores
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.signing import Keyring

BAR_MICROSECONDS = 200
ISSUER = "https://api.example.com"
TIMES = 2_000


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """A row per step; microseconds, medians and 99th percentiles over all rounds."""
    tokens = AccessTokens(TokenKeys(Keyring(b"a secret key of the bench, 32 bytes")), ISSUER)
    tell("signatures")
    issued = [_issue(tokens) for _ in range(TIMES)]
    made = _timed(lambda: _issue(tokens))
    never_seen = [_time(lambda token=token: tokens.check(token)) for token in issued]  # type: ignore[misc]
    tell("a known token")
    with tempfile.TemporaryDirectory() as folder, running_stores(Path(folder)) as stores:
        known = asyncio.run(_known(stores.database_url))
    table = Figure("Checking an access token", ["", "p50 µs", "p99 µs", "bar"])
    for name, took, bar in (
        ("never seen: signature and claims", never_seen, BAR_MICROSECONDS),
        ("known: what stands behind it is remembered", known, BAR_MICROSECONDS),
        ("making one", made, None),
    ):
        middle, worst = statistics.median(took), statistics.quantiles(took, n=100)[98]
        verdict = against_bar(middle, bar, at_least=False) if bar else ""
        table.rows.append([name, f"{middle:.1f}", f"{worst:.1f}", verdict])
    return [table]


def _issue(tokens: AccessTokens) -> str:
    return tokens.issue(client_id=uuid4(), workspace_ids=(uuid4(),), scopes=frozenset({"metrics:read"}))


def _time(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e6


def _timed(work: Callable[[], object]) -> list[float]:
    return [_time(work) for _ in range(TIMES)]


async def _known(database_url: str) -> list[float]:
    """The whole of what the gateway does for a token that it knows, changes looked for twice a second."""
    await migrate(database_url)
    database = Database(database_url)
    check, credential = await _authenticator(database)
    scope = {"type": "http", "method": "GET", "path": "/v1/websites", "query_string": b"", "headers": []}
    request = Request(scope, _nothing)
    await check(request, credential)
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await check(request, credential)
        took.append((time.perf_counter() - begun) * 1e6)
    await database.close()
    return took


async def _authenticator(database: Database) -> tuple[TokenAuthenticator, str]:
    keyring = Keyring(b"a secret key of the bench, 32 bytes")
    workspace = await workspaces.create_workspace(database, name="Bench")
    caller = Caller(Tenant(database, workspace.id), keyring, FULL)
    registered = await clients.create(
        caller, name="Bench", kind="CONFIDENTIAL", grant_types=["CLIENT_CREDENTIALS"], scopes=["metrics:read"]
    )
    tokens = AccessTokens(TokenKeys(keyring), ISSUER)
    credential = tokens.issue(
        client_id=registered.id, workspace_ids=(workspace.id,), scopes=frozenset({"metrics:read"})
    )
    return TokenAuthenticator(database, keyring, tokens, Changes(database)), credential


async def _nothing() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}
