"""Pages of a collection while things come and go: each that was there all along comes once, in order."""

import asyncio
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import Collection, Column, Kind
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.errors import InvalidCursor
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring

pytestmark = pytest.mark.requirement("CM-7", "DF-8", "DF-11", "PL-10")

KEYRING = Keyring(b"s" * 32)
HOME = UUID(int=1)
FIELDS = ("label", "rank", "seen_at", "done")
THINGS = Collection(
    "things",
    {
        "id": Column("thing.thing_id", Kind.UUID),
        "label": Column("thing.label"),
        "rank": Column("thing.rank", Kind.INTEGER, nullable=True),
        "seen_at": Column("thing.seen_at", Kind.MOMENT, nullable=True, attribute="seen"),
        "done": Column("thing.done", Kind.BOOLEAN),
    },
)
LIST = """
SELECT thing_id AS id, label, rank, seen_at AS seen, done
FROM things AS thing
WHERE {where}
ORDER BY {order}
LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Thing:
    id: UUID
    label: str
    rank: int | None
    seen: datetime | None
    done: bool


START = datetime(2026, 11, 1, tzinfo=UTC)
# Few values, so that ties are common, and such as a locale or a careless quote would get wrong.
LABELS = st.sampled_from(["", "A", "a", "B", "é", "Z", "🙂", "'; --", "%", "_", "\\", "\u202eab", "x" * 100])
MOMENTS = st.none() | st.sampled_from([START, START + timedelta(microseconds=1), START + timedelta(days=1)])
THING = st.builds(
    Thing,
    id=st.integers(1, 2**128 - 1).map(lambda number: UUID(int=number)),
    label=LABELS,
    rank=st.none() | st.sampled_from([-(2**63), -1, 0, 2**63 - 1]),
    seen=MOMENTS,
    done=st.booleans(),
)
MANY = st.lists(THING, max_size=25, unique_by=lambda thing: thing.id)
SORT = st.lists(st.sampled_from(["id", *FIELDS]), min_size=0, max_size=4, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([f"{name}:asc", f"{name}:desc"]) for name in names)).map(list)
)


@dataclass
class World:
    """One connection's worth of things, read as the service reads."""

    runner: asyncio.Runner
    database: Database
    admin: psycopg.Connection

    @property
    def caller(self) -> Caller:
        return Caller(Tenant(self.database, HOME), KEYRING)

    def begin(self, things: list[Thing]) -> None:
        self.admin.execute("DELETE FROM things")
        self.add(things)

    def add(self, things: list[Thing]) -> None:
        with self.admin.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO things VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", map(astuple, things)
            )

    def remove(self, thing: Thing) -> None:
        self.admin.execute("DELETE FROM things WHERE thing_id = %s", [thing.id])

    def page(self, **query: object) -> Page[Thing]:
        asked = THINGS.ask(self.caller, query)
        rows = self.runner.run(self.caller.tenant.read(asked.statement(LIST), asked.parameters))
        return asked.page([Thing(**row) for row in rows])


@pytest.fixture(scope="module")
def world(stores, migrated_template) -> Iterator[World]:
    from tests.conftest import copied_database

    with (
        copied_database(stores.database_url, migrated_template) as url,
        psycopg.connect(url, autocommit=True) as admin,
        asyncio.Runner() as runner,
    ):
        admin.execute(
            "CREATE TABLE things (thing_id uuid PRIMARY KEY, label text NOT NULL, rank bigint,"
            " seen_at timestamptz, done boolean NOT NULL); GRANT SELECT ON things TO cloudmetrics_api"
        )
        database = Database(url)
        yield World(runner, database, admin)
        runner.run(database.close())


def compare(sort: list[str]):
    """The order as the documentation tells it: absent values after all others, the id last."""
    names = [each.partition(":")[::2] for each in sort or ["id:asc"]]
    directions = [*names, ("id", names[-1][1])]

    def compare_two(one: Thing, other: Thing) -> int:
        for name, direction in directions:
            attribute = "seen" if name == "seen_at" else name
            a, b = ((value is None, value) for value in (getattr(one, attribute), getattr(other, attribute)))
            if a != b:
                # Where both are absent they are equal, so that no None is ever compared.
                earlier = a[0] < b[0] or (a[0] == b[0] and a[1] < b[1])
                return -1 if earlier == (direction == "asc") else 1
        return 0

    return cmp_to_key(compare_two)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=MANY, late=MANY, sort=SORT, limit=st.integers(1, 5), chance=st.randoms(use_true_random=False))
def test_what_is_there_all_along_comes_exactly_once_and_in_order(world, things, late, sort, limit, chance):
    world.begin(things)
    known = {thing.id for thing in things}
    late = [thing for thing in late if thing.id not in known]
    seen: list[Thing] = []
    gone: set[UUID] = set()
    cursor = None
    while True:
        page = world.page(sort=sort, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
        # Something comes, and something goes, often the very thing that the cursor stands on.
        world.add(late[:2])
        late = late[2:]
        victim = page.items[-1] if chance.random() < 0.5 else chance.choice(things)
        world.remove(victim)
        gone.add(victim.id)
    assert seen == sorted(seen, key=compare(sort))
    assert len({thing.id for thing in seen}) == len(seen)
    stayed = {thing.id for thing in things} - gone
    assert stayed <= {thing.id for thing in seen}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=MANY, sort=SORT)
def test_one_page_of_all_is_what_sorting_them_gives(world, things, sort):
    world.begin(things)
    assert world.page(sort=sort, limit=100).items == sorted(things, key=compare(sort))


def test_a_thing_whose_value_changes_comes_where_it_now_belongs(world):
    """What guides/lists.md promises: only things that move may come twice, or not at all."""
    things = [Thing(UUID(int=n), str(n), None, None, False) for n in range(1, 7)]
    world.begin(things)
    first = world.page(sort=["label:asc"], limit=3)
    world.admin.execute("UPDATE things SET label = '9' WHERE label = '1'")
    world.admin.execute("UPDATE things SET label = '0' WHERE label = '5'")
    rest = world.page(sort=["label:asc"], limit=10, cursor=first.next_cursor)
    assert [thing.id.int for thing in first.items] == [1, 2, 3]
    assert [thing.id.int for thing in rest.items] == [4, 6, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"sort": ["label:desc"]},
        {"sort": ["label:asc", "rank:asc"]},
        {"sort": ["label:asc"], "rank_gte": 0},
        {"sort": ["label:asc"], "label_in": ["A"]},
        {},
    ],
)
def test_a_cursor_is_worth_something_only_for_what_gave_it(world, other):
    world.begin([Thing(UUID(int=n), "A", n, None, False) for n in range(1, 4)])
    cursor = world.page(sort=["label:asc"], limit=1).next_cursor
    assert world.page(sort=["label:asc"], limit=2, cursor=cursor).items
    with pytest.raises(InvalidCursor):
        world.page(limit=1, cursor=cursor, **other)


def test_the_longest_cursor_fits_the_contract(world):
    # No collection of ours sorts by more than a name and a domain or an address beside moments.
    columns = {name: Column(name) for name in ("name", "domain")}
    columns |= {"at": Column("at", Kind.MOMENT), "id": Column("id", Kind.UUID)}

    @dataclass
    class Widest:
        name: str = "🙂" * 100
        domain: str = "d" * 253
        at: datetime = START + timedelta(microseconds=1)
        id: UUID = HOME

    asked = Collection("widest", columns).ask(world.caller, {"sort": ["name:asc", "domain:asc", "at:asc"]})
    cursor = asked.page([Widest()] * 101).next_cursor
    assert cursor is not None
    assert len(cursor) <= 1024
