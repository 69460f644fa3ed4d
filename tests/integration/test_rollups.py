"""Rollups say what a recount of the events says, whatever came in, and in which order."""

import asyncio
import random
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest

from cloudmetrics.analytics.events import service as events
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.errors import Unavailable
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.recounting import differences, rollup_sizes
from tests.waiting import PATIENCE, eventually

ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin", "Pacific/Apia")
# Clocks go back in Berlin on the third of these days, and in New York a week later.
BEGINNING = datetime(2026, 10, 23, tzinfo=UTC)


def random_events(dice: random.Random, website_ids: list[str], count: int) -> list[dict]:
    """Few visitors and moments, so that they meet often: at midnight, in a visit, and at the same moment."""
    made = []
    for _ in range(count):
        event = make_event(
            dice.choice(website_ids),
            id=f"{dice.randrange(10**9)}",
            name=dice.choice(("pageview", "pageview", "signup", "purchase")),
            timestamp=random_moment(dice).isoformat(),
            visitor_id=f"v{dice.randrange(8)}",
        )
        for name, values in (("source", "ab"), ("device", "mt"), ("country", ("DE", "US"))):
            if dice.random() < 0.8:
                event[name] = dice.choice(values)
        if dice.random() < 0.7:
            event["url"] = f"https://shop.example/{dice.choice('xyz')}?a=b"
        if dice.random() < 0.3:
            event["revenue"] = {"amount_minor": dice.randrange(-900, 900), "currency": "USD"}
        made.append(event)
    return made


def random_moment(dice: random.Random) -> datetime:
    """Of two weeks; three in four are of two nights, and make up visits that come late and join others."""
    if dice.random() < 0.25:
        return BEGINNING + timedelta(hours=dice.randrange(14 * 24))
    night = BEGINNING + timedelta(days=dice.choice((2, 9)), hours=20)
    return night + timedelta(minutes=10 * dice.randrange(60), microseconds=dice.choice((0, 0, 1)))


async def move(client, website_id: str, zone: str) -> None:
    body = {"name": "S", "domain": f"{website_id}.example", "timezone": zone, "currency": "USD"}
    response = await client.put(f"/v1/websites/{website_id}", json=body)
    assert response.status_code == 200, response.text


@pytest.fixture
async def second_process(database_url, home):
    """A caller with connections and a writer of its own, as another process has them."""
    database = Database(database_url)
    yield Caller(Tenant(database, home.workspace.id), home.caller.keyring)
    await database.close()


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(6))
async def test_after_any_history_they_equal_a_recount(client, home, second_process, database_url, seed):
    """Late, repeated, by several writers at once, while time zones change."""
    dice = random.Random(seed)
    website_ids = [await make_website(client, timezone=zone) for zone in dice.sample(ZONES, 3)]
    sent: list[dict] = []
    for _ in range(3):
        batches = []
        for _ in range(6):
            batch = random_events(dice, website_ids, dice.choice((1, 2, 40))) + dice.sample(
                sent, k=min(len(sent), 10)
            )
            dice.shuffle(batch)
            batches.append(batch)
            sent += batch
        await asyncio.gather(
            *(send_events(client, *batch) for batch in batches),
            *(events.create(second_process, batch) for batch in batches),
            move(client, dice.choice(website_ids), dice.choice(ZONES)),
        )
        assert differences(database_url, home.workspace.id) == {}
    assert all(rollup_sizes(database_url, home.workspace.id).values())


async def test_days_that_come_backwards_mend_the_next_ones(client, home, website_id, database_url):
    for day in (9, 3, 7, 5, 8, 4):
        await send_events(client, make_event(website_id, timestamp=f"2026-11-{day:02}T10:00:00Z", source="a"))
        assert differences(database_url, home.workspace.id) == {}
    range_ = {"start_date": "2026-11-04", "end_date": "2026-11-08"}
    for filters in ({}, {"source": "a"}):
        data = (await client.get("/v1/metrics", params=range_ | filters)).json()["data"]
        assert (data["visitors"], data["events"]) == (1, 4)


async def test_one_that_becomes_the_first_touch_moves_the_day(client, home, website_id, database_url):
    """The day between two others of its source goes to another one, and they are linked to each other."""
    for day in (3, 4, 5):
        await send_events(client, make_event(website_id, timestamp=f"2026-11-{day:02}T10:00:00Z", source="a"))
    await send_events(client, make_event(website_id, timestamp="2026-11-04T09:00:00Z", source="b"))
    assert differences(database_url, home.workspace.id) == {}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
async def test_an_event_between_two_visits_joins_them_across_midnight(client, home, database_url, zone):
    """The later day loses its visit; the day before, which has no new event, gets a longer one."""
    website_id = await make_website(client, timezone=zone)
    for moment in (
        "03T23:40",
        "04T00:30",
        "04T00:05",
        "04T04:40",
        "04T05:30",
        "04T05:05",
        "03T23:15",
        "03T23:40",
    ):
        await send_events(client, make_event(website_id, timestamp=f"2026-11-{moment}:00Z"))
        assert differences(database_url, home.workspace.id) == {}


async def test_a_visit_of_many_days_is_cut_into_none(client, home, website_id, database_url):
    moments = [BEGINNING + timedelta(minutes=30 * number) for number in range(120)]
    random.Random(3).shuffle(moments)
    for start in range(0, len(moments), 9):
        batch = [
            make_event(website_id, timestamp=moment.isoformat()) for moment in moments[start : start + 9]
        ]
        await send_events(client, *batch)
    assert differences(database_url, home.workspace.id) == {}
    assert rollup_sizes(database_url, home.workspace.id)["visits"] == 1


async def test_an_id_counts_once_whatever_else_it_says(client, home, website_id, database_url):
    other_website = await make_website(client)
    await send_events(client, make_event(website_id, id="e"))
    for fields in ({"timestamp": "2026-01-01T00:00:00Z"}, {"visitor_id": "ben"}, {"name": "signup"}):
        assert (await send_events(client, make_event(website_id, id="e", **fields)))["duplicates"] == 1
    assert (await send_events(client, make_event(other_website, id="e")))["duplicates"] == 1
    twice = [make_event(website_id, id="f", timestamp=f"2026-11-0{day}T10:00:00Z") for day in (4, 3)]
    assert (await send_events(client, *twice))["accepted"] == 1
    assert differences(database_url, home.workspace.id) == {}


async def test_the_first_sound_event_of_an_id_counts(client, home, website_id, database_url):
    """The database decides which event is stored, the receipts say which; they have to agree."""
    dollars, euros = ({"amount_minor": 5, "currency": currency} for currency in ("USD", "EUR"))
    data = await send_events(
        client,
        make_event(website_id, id="e", revenue=euros),
        make_event("0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e11", id="e"),
        make_event(website_id, id="e", revenue=dollars, visitor_id="first"),
        make_event(website_id, id="e", visitor_id="second"),
    )
    statuses = [receipt["status"] for receipt in data["receipts"]]
    assert statuses == ["REJECTED", "REJECTED", "ACCEPTED", "DUPLICATE"]
    event = (await client.get("/v1/events/e")).json()["data"]
    assert (event["visitor_id"], event["revenue"]) == ("first", dollars)
    assert differences(database_url, home.workspace.id) == {}


async def test_the_oldest_day_is_one_before_our_calendar(client, home, database_url):
    """The first moment of the year 1 was still the day before in Samoa."""
    website_id = await make_website(client, timezone="Pacific/Pago_Pago")
    event = make_event(website_id, timestamp="0001-01-01T00:00:00Z")
    await send_events(client, event, make_event(website_id))
    assert differences(database_url, home.workspace.id) == {}


async def test_revenue_beyond_64_bits_is_exact(client, home, website_id, database_url):
    most = {"amount_minor": 10**12, "currency": "USD"}
    await send_events(client, *(make_event(website_id, revenue=most) for _ in range(3)))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE visitor_days SET revenue = revenue + 1e19 WHERE workspace_id = %s", [home.workspace.id]
        )
        connection.execute(
            "UPDATE daily_totals SET revenue = revenue + 1e19 WHERE workspace_id = %s", [home.workspace.id]
        )
    await send_events(client, make_event(website_id, source="late", timestamp="2026-11-03T01:00:00Z"))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT DISTINCT revenue FROM daily_totals WHERE workspace_id = %s AND visitors > 0",
            [home.workspace.id],
        ).fetchall()
    assert rows == [(10**19 + 3 * 10**12,)]


@pytest.mark.requirement("PL-4")
async def test_a_changed_time_zone_touches_only_its_website(client, home, make_home, database_url):
    other = await make_home()
    other_client = other.open(await other.make_key())
    for owner in (client, other_client):
        website_ids = [await make_website(owner) for _ in range(2)]
        await send_events(owner, *random_events(random.Random(1), website_ids, 60))
    before = rollup_sizes(database_url, home.workspace.id)
    await move(other_client, website_ids[0], "Asia/Tokyo")
    assert rollup_sizes(database_url, home.workspace.id) == before
    for workspace in (home.workspace, other.workspace):
        assert differences(database_url, workspace.id) == {}


async def test_several_writers_that_meet_at_the_same_days_lose_nothing(
    client, home, website_id, database_url
):
    """No two events share an id, so that nothing but the website itself keeps the writers apart."""
    databases = [Database(database_url) for _ in range(5)]
    callers = [Caller(Tenant(each, home.workspace.id), home.caller.keyring) for each in databases]
    dice = random.Random(5)
    for _ in range(12):
        await asyncio.gather(
            *(events.create(caller, random_events(dice, [website_id], 12)) for caller in callers)
        )
    assert differences(database_url, home.workspace.id) == {}
    for each in databases:
        await each.close()


SENDER = """
import asyncio, random, sys
from uuid import UUID
from cloudmetrics.analytics.events import service as events
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from tests.integration.test_rollups import random_events

async def main(url, workspace_id, seed, *website_ids):
    database = Database(url)
    caller = Caller(Tenant(database, UUID(workspace_id)), None)
    shared = random_events(random.Random(0), list(website_ids), 300)
    dice = random.Random(int(seed))
    for _ in range(15):
        batches = [dice.sample(shared, k=60) for _ in range(4)]
        await asyncio.gather(*(events.create(caller, batch) for batch in batches))
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_many_processes_with_the_same_events_never_deadlock(client, home, database_url):
    website_ids = [await make_website(client, timezone=zone) for zone in ZONES]
    senders = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", textwrap.dedent(SENDER), database_url, str(home.workspace.id)),
            *(str(seed), *website_ids[seed % 2 :]),
            stderr=asyncio.subprocess.PIPE,
        )
        for seed in range(4)
    ]
    for sender in senders:
        _, complaint = await sender.communicate()
        assert sender.returncode == 0, complaint.decode()
    assert differences(database_url, home.workspace.id) == {}


@pytest.fixture
def held_website(database_url, website_id):
    """Keeps batches of the website waiting until `release` is called."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT FROM websites WHERE website_id = %s FOR UPDATE", [website_id])
        yield connection.commit


async def begin(caller: Caller, *batches: list[dict]) -> list[asyncio.Task]:
    """Sends batches of which the first is being stored while the others wait for the next group."""
    first = asyncio.ensure_future(events.create(caller, batches[0]))
    await eventually(partial(is_held_up, caller))
    others = [asyncio.ensure_future(events.create(caller, batch)) for batch in batches[1:]]
    await asyncio.sleep(0.05)
    return [first, *others]


async def is_held_up(caller: Caller) -> bool:
    """Whether a statement waits for what another one has locked."""
    found = await caller.tenant.read("SELECT FROM pg_locks WHERE NOT granted")
    return bool(found)


async def test_a_request_that_is_cancelled_takes_no_other_with_it(
    home, website_id, held_website, database_url
):
    """What is being stored is stored; what still waits is taken back."""
    names = ("first", "waiting", "other", "last")
    first, waiting, *others = await begin(home.caller, *([make_event(website_id, id=name)] for name in names))
    first.cancel()
    waiting.cancel()
    await asyncio.sleep(0.05)
    held_website()
    for task in others:
        assert (await task).to_json()["accepted"] == 1
    assert first.cancelled()
    assert waiting.cancelled()
    stored = await home.caller.tenant.read("SELECT event_id FROM events")
    assert {row["event_id"] for row in stored} == {"first", "other", "last"}
    assert differences(database_url, home.workspace.id) == {}


async def test_requests_that_meet_in_one_transaction_get_the_receipts_of_their_order(
    home, website_id, held_website
):
    future = {"timestamp": "9999-01-01T00:00:00Z"}
    tasks = await begin(
        home.caller,
        [make_event(website_id, id="0")],
        [make_event(website_id, id="1"), make_event(website_id, id="2", **future)],
        [make_event(website_id, id="2"), make_event(website_id, id="1")],
        [make_event(website_id, id="2", **future)],
    )
    held_website()
    statuses = [[receipt.status.value for receipt in (await task).receipts] for task in tasks]
    assert statuses == [["ACCEPTED"], ["ACCEPTED", "REJECTED"], ["ACCEPTED", "DUPLICATE"], ["DUPLICATE"]]


async def test_a_website_that_is_locked_keeps_no_other_tenant_waiting(
    home, website_id, held_website, make_home
):
    waiting = asyncio.ensure_future(events.create(home.caller, [make_event(website_id)]))
    other = await make_home()
    other_site = await make_website(other.open(await other.make_key()))
    async with asyncio.timeout(PATIENCE):
        await events.create(other.caller, [make_event(other_site)])
    assert not waiting.done()
    held_website()
    assert (await waiting).to_json()["accepted"] == 1


async def test_one_request_that_cannot_be_stored_fails_alone(home, website_id, held_website):
    """The contract refuses such text before; should it ever come through, it harms nobody else."""
    ahead, good, bad, also_good = await begin(
        home.caller,
        *([make_event(website_id, id=event_id)] for event_id in ("ahead", "good", "bad\x00", "also good")),
    )
    held_website()
    for task in (good, also_good, ahead):
        assert (await task).to_json()["accepted"] == 1
    with pytest.raises(psycopg.DataError):
        await bad


async def test_while_the_database_is_away_all_are_told(home, website_id):
    database = Database("postgresql://127.0.0.1:1/none")
    caller = Caller(Tenant(database, home.workspace.id), home.caller.keyring)
    answers = await asyncio.gather(
        *(events.create(caller, [make_event(website_id)]) for _ in range(5)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {Unavailable}
