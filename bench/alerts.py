"""How long 10,000 alert rules take, on one core that the worker and PostgreSQL share."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench import machine
from bench.report import Figure, against_bar
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.alerting.evaluation.service import evaluate
from cloudmetrics.alerting.rules import store as rules
from cloudmetrics.alerting.rules.models import Terms
from cloudmetrics.analytics.events import service as events
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.embedded import Stores, running_stores
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.signing import Keyring

SECRET = b"a secret key of the benchmarks, 32 bytes"
WORKSPACES, WEBSITES, RULES = 100, 10, 10
EVENTS_OF_WORKSPACE = 2_000
WEEKS = 9
BAR = 60.0
SOURCES = ("google", "bing", "news", "partner", "mail", "social", "ads", "press", "forum", "other")

Json = dict[str, Any]
# Who calls for each workspace, and its websites.
Tenants = list[tuple[Caller, list[str]]]


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table: rules that share what they ask, and rules that ask something else each."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        # Before the stores start, so that they get no other core either.
        machine.pin(machine.SERVER_CORES)
        try:
            with running_stores(Path(folder)) as stores:
                table = asyncio.run(_measure(stores, rounds, tell))
        finally:
            machine.pin(machine.LOAD_CORES)
    return [table]


async def _measure(stores: Stores, rounds: int, tell: Callable[[str], None]) -> Figure:
    await migrate(stores.database_url)
    total = WORKSPACES * WEBSITES * RULES
    title = f"{total:,} alert rules, evaluated on one core with PostgreSQL"
    table = Figure(title, ["rules", "s", "rules/s", "bar, s"])
    async with _filled(stores, tell) as tenants:
        for name, kinds in (("that ask alike", _alike), ("that each ask something else", _apart)):
            tell(f"alerts {name}: making them")
            await _replace_rules(tenants, kinds)
            took = [await _evaluate(tenants, number, tell) for number in range(rounds)]
            median = statistics.median(took)
            row = [name, f"{median:.1f}", f"{total / median:,.0f}", against_bar(median, BAR, at_least=False)]
            table.rows.append(row)
    table.notes.append(
        f"{WORKSPACES} workspaces with {WEBSITES} websites and {EVENTS_OF_WORKSPACE:,} events each, over "
        f"{WEEKS} weeks. {RULES} rules a website: thresholds, changes, absence, anomalies."
    )
    return table


@asynccontextmanager
async def _filled(
    stores: Stores, tell: Callable[[str], None]
) -> AsyncIterator[list[tuple[Caller, list[str]]]]:
    """Workspaces with websites and events."""
    database, keyring = Database(stores.database_url), Keyring(SECRET)
    made = []
    for number in range(WORKSPACES):
        tell(f"alerts: workspace {number + 1}")
        workspace = await workspaces.create_workspace(database, name="Bench", plan="ENTERPRISE")
        caller = Caller(Tenant(database, workspace.id), keyring)
        ids = [
            str((await websites.create(caller, name="Website", domain=f"{each}.example")).id)
            for each in range(WEBSITES)
        ]
        await events.create(caller, list(_events(ids, number)))
        made.append((caller, ids))
    yield made
    await database.close()


def _events(website_ids: list[str], seed: int) -> Iterator[Json]:
    """Most of them of the last day, the others of the weeks before."""
    chance, now = random.Random(seed), clock.now()
    for number in range(EVENTS_OF_WORKSPACE):
        ago = timedelta(days=1) if number % 2 else timedelta(weeks=WEEKS)
        moment = now - chance.random() * ago
        yield {
            "id": uuid4().hex,
            "website_id": website_ids[number % WEBSITES],
            "visitor_id": str(chance.randrange(200)),
            "name": "pageview" if number % 3 else "signup",
            "timestamp": clock.iso(moment),
            "source": chance.choice(SOURCES),
        }


def _alike(website_id: str, number: int) -> Json:
    """Each rule of a website asks of all its events, in another way."""
    windows = ("LAST_5_MINUTES", "LAST_15_MINUTES", "LAST_HOUR", "LAST_24_HOURS", "TODAY")
    metrics = ("events", "visitors", "pageviews", "visits", "events")
    return _condition({"website_id": website_id, "metric": metrics[number % 5]}, windows[number % 5], number)


def _apart(website_id: str, number: int) -> Json:
    """Each rule of a website asks of the visitors from another source."""
    sieve = {"operator": "IS", "dimension": "source", "value": SOURCES[number]}
    source = {"website_id": website_id, "metric": "events", "filter": sieve}
    return _condition(source, "LAST_HOUR", number)


def _condition(source: Json, window: str, number: int) -> Json:
    source = {"kind": "METRIC", **source}
    if number < 5:
        more = {"direction": "ABOVE", "threshold": 1e9}
        return {"kind": "THRESHOLD", "source": source, "window": window, **more}
    if number < 8:
        more = {"compare": "PREVIOUS_WEEK", "direction": "ABOVE", "threshold": 1e9}
        return {"kind": "CHANGE", "source": source, "window": "LAST_HOUR", **more}
    if number == 8:
        return {"kind": "ABSENCE", "source": source, "window": "LAST_24_HOURS"}
    return {"kind": "ANOMALY", "source": source, "window": "FULL_HOUR", "sensitivity": 100}


async def _replace_rules(tenants: Tenants, kinds: Callable[[str, int], Json]) -> None:
    for caller, website_ids in tenants:
        home, now = caller.tenant.workspace_id, clock.now()
        async with caller.tenant.transaction() as transaction:
            await transaction.execute("DELETE FROM alerts")
            for website_id in website_ids:
                for number in range(RULES):
                    await rules.create(transaction, home, new_id(), _terms(kinds(website_id, number)), now)


def _terms(condition: Json) -> Terms:
    usual = {"name": "Rule", "enabled": True, "channels": [], "delay_minutes": 1}
    return Terms.from_json({**usual, "fire_after": 60, "resolve_after": 3, "condition": condition})


async def _evaluate(tenants: Tenants, number: int, tell: Callable[[str], None]) -> float:
    """Seconds for all of them, at another minute each time."""
    tell(f"alerts, round {number + 1}")
    minute: datetime = clock.now() + timedelta(minutes=number)
    began = time.perf_counter()
    for caller, _ in tenants:
        await evaluate(caller.tenant, minute)
    return time.perf_counter() - began
