"""Our client of Redis: everybody gets their own answers, whatever becomes of the connection."""

import asyncio
import ssl
from pathlib import Path
from uuid import uuid4

import pytest
import redis as redis_py
from hiredis import ReplyError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.gateway.limits.models import Check, Kind
from cloudmetrics.gateway.limits.store import SharedLimits
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.redis import Redis, Script
from cloudmetrics.platform.redis_link import Link, Target
from tests.integration.receiving import make_certificate
from tests.integration.redis_servers import SLOTS, node_at, redis_cluster, redis_server, way_to

pytestmark = pytest.mark.requirement("CM-6", "D6-5", "D6-11")

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Small pieces, but not for so long that answers are late.
sizes = st.lists(st.sampled_from([1, 2, 3, 7, 100]), max_size=8).map(lambda small: [*small, 9_000])


@pytest.fixture
def path(stores) -> str:
    """The socket of Redis."""
    found = Target.of(stores.redis_url).path
    if found is None:
        pytest.skip("Redis has no socket in the file system.")
    return found


@pytest.fixture
def admin(stores):
    with redis_py.Redis.from_url(stores.redis_url) as admin:
        yield admin


@pytest.fixture
async def redis(stores):
    redis = Redis(stores.redis_url)
    yield redis
    await redis.close()


def echo(number: int, size: int = 0) -> tuple[str, bytes]:
    return "ECHO", b"%d " % number + b"x" * size


async def ask_for_oneself(link: Link, number: int, size: int) -> bool | None:
    """Whether the answer is one's own; None where there was none."""
    commands = [echo(1000 * number + each, size) for each in range(number % 3 + 1)]
    try:
        return await link.ask(commands) == [text for _, text in commands]
    except OSError:
        return None


@quick
@given(
    pieces=sizes,
    asking=st.lists(st.tuples(st.sampled_from([0, 10, 7_000]), st.booleans()), min_size=1, max_size=12),
)
async def test_who_leaves_takes_nobody_elses_answer(path, pieces, asking):
    async with way_to(path) as way:
        way.sizes = pieces
        link = Link(Target.of(way.url))
        tasks = []
        for number, (size, leaves) in enumerate(asking):
            tasks.append(asyncio.ensure_future(ask_for_oneself(link, number, size)))
            if leaves:
                await asyncio.sleep(0)
                tasks[-1].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        stayed = [answer for answer, (_, leaves) in zip(answers, asking, strict=True) if not leaves]
        assert all(answer is True for answer in stayed)
        assert await ask_for_oneself(link, 99, 10) is True
        assert way.connections == 1
        link.close()


@quick
@given(pieces=sizes, most=st.integers(0, 3000), sent=st.lists(st.sampled_from([0, 10, 900]), max_size=9))
async def test_a_connection_that_breaks_anywhere_gives_nobody_a_wrong_answer(path, pieces, most, sent):
    async with way_to(path) as way:
        way.sizes, way.most = pieces, most
        link = Link(Target.of(way.url))
        asking = [ask_for_oneself(link, number, size) for number, size in enumerate(sent)]
        assert set(await asyncio.gather(*asking)) <= {True, None}
        way.most = None
        assert await ask_for_oneself(link, 99, 10) is True
        link.close()


async def test_all_who_ask_at_once_share_one_connection(path):
    async with way_to(path) as way:
        link = Link(Target.of(way.url))
        assert all(await asyncio.gather(*(ask_for_oneself(link, number, 10) for number in range(200))))
        assert way.connections == 1
        link.close()


async def test_a_connection_that_died_while_nobody_used_it_is_replaced_unnoticed(stores, redis, admin):
    assert await redis.count({uuid4().hex: 5}) == [1]
    for client in admin.client_list(_type="normal"):
        if client["id"] != str(admin.client_id()) and client["cmd"] == "expire":
            admin.client_kill_filter(_id=client["id"])
    assert await redis.count({uuid4().hex: 5}) == [1]


async def test_a_late_answer_is_nobodys(stores, admin):
    """The connection that it would have come on is not used any more."""
    link = Link(Target.of(stores.redis_url))
    assert await link.ask([echo(1)]) == [b"1 "]
    admin.client_pause(900)
    with pytest.raises(TimeoutError):
        await link.ask([echo(2)])
    admin.client_unpause()
    assert await link.ask([echo(3)]) == [b"3 "]
    link.close()


async def test_while_redis_hangs_only_one_waits_for_it(redis, admin, monkeypatch):
    monkeypatch.setattr("cloudmetrics.platform.redis.PAUSE_SECONDS", 0.2)
    await redis.ping()
    admin.client_pause(2_000)
    try:
        with pytest.raises(Unavailable):
            await redis.count({"x": 5})
        await asyncio.sleep(0.3)
        first = asyncio.ensure_future(redis.count({"x": 5}))
        await asyncio.sleep(0)
        for _ in range(20):
            with pytest.raises(Unavailable):
                await redis.count({"x": 5})
        assert not first.done()
        with pytest.raises(Unavailable):
            await first
    finally:
        admin.client_unpause()
    await redis.ping()
    assert len(await redis.count({uuid4().hex: 5})) == 1


async def test_a_script_that_redis_forgot_is_sent_again_and_runs_once(redis, admin):
    script = Script("return redis.call('INCR', KEYS[1])")
    keys = [uuid4().hex for _ in range(3)]
    for expected in (1, 2, 3):
        assert await redis.run(script, [([key], b"") for key in keys]) == [expected] * 3
        admin.script_flush()


async def test_what_redis_refuses_is_no_answer(redis, admin):
    key = uuid4().hex
    admin.lpush(key, "no number")
    with pytest.raises(Unavailable) as caught:
        await redis.count({key: 5})
    assert "WRONGTYPE" in str(caught.value.__cause__)


@pytest.mark.slow
async def test_a_url_says_who_we_are_and_which_database_is_meant(tmp_path):
    with redis_server(tmp_path, "--requirepass", "se cret") as port:
        with node_at(port, password="se cret", db=3) as admin:
            admin.execute_command("ACL", "SETUSER", "ann", "on", ">p@ss", "~*", "+@all")
            for who in (":se%20cret", "ann:p%40ss"):
                redis = Redis(f"redis://{who}@127.0.0.1:{port}/3")
                assert await redis.count({who: 60}) == [1]
                assert admin.get(who) == "1"
                await redis.close()
        for who in ("", ":wrong@", "ann:se%20cret@"):
            redis = Redis(f"redis://{who}127.0.0.1:{port}/3")
            with pytest.raises(Unavailable) as caught:
                await redis.ping()
            assert isinstance(caught.value.__cause__, ReplyError)
            await redis.close()


async def test_with_tls_the_server_must_be_who_the_url_says(path, tmp_path):
    certificate = make_certificate(tmp_path, "localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with way_to(path, tls) as way:
        redis = Redis(f"rediss://localhost:{way.port}?ssl_ca_certs={certificate}")
        assert await redis.count({uuid4().hex: 5}) == [1]
        await redis.close()
        for distrusted in ("localhost", f"127.0.0.1:{way.port}?ssl_ca_certs={certificate}"):
            url = distrusted if "?" in distrusted else f"{distrusted}:{way.port}"
            redis = Redis(f"rediss://{url}")
            with pytest.raises(Unavailable) as caught:
                await redis.ping()
            assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
            await redis.close()


def taking(tag: str) -> list[Check]:
    """The limits of one request, of two kinds."""
    return [Check("all", tag, "all", Kind.WINDOW, 5, 60), Check("key", tag, "key", Kind.BUCKET, 5, 3600)]


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [1, 3])
async def test_a_cluster_counts_like_one_redis(tmp_path: Path, nodes: int):
    with redis_cluster(tmp_path, nodes) as ports:
        redis = Redis(f"redis://127.0.0.1:{ports[0]}")
        limits, tags = SharedLimits(redis), [uuid4().hex for _ in range(50)]
        for remaining in (4, 3, 2, 1, 0):
            answers = await asyncio.gather(*(limits.judge(taking(tag)) for tag in tags))
            assert {each[:2] for answer in answers for each in answer} == {(True, remaining)}
        answers = await asyncio.gather(*(limits.judge(taking(tag)) for tag in tags))
        assert not any(answer[0].admits for answer in answers)

        await redis.ping()
        windows = dict.fromkeys(tags, 60)
        assert await redis.count(windows) == [1] * 50
        await redis.delete(*tags)
        assert await redis.count(windows) == [1] * 50
        await redis.close()


@pytest.mark.slow
async def test_a_slot_that_moved_to_another_node_is_found_there(tmp_path: Path):
    with redis_cluster(tmp_path, 2) as ports:
        redis = Redis(f"redis://127.0.0.1:{ports[0]}")
        with node_at(ports[0]) as one, node_at(ports[1]) as other:
            tag = next(tag for tag in map(str, range(99)) if one.cluster("KEYSLOT", tag) % 2 == 1)
            assert await redis.count({tag: 60}) == [1]
            slot, new_owner = one.cluster("KEYSLOT", tag), one.cluster("MYID")
            other.delete(tag)
            for node in (one, other):
                node.cluster("SETSLOT", slot, "NODE", new_owner)
        assert slot < SLOTS
        assert [await redis.count({tag: 60}) for _ in range(2)] == [[1], [2]]
        await redis.close()


@pytest.mark.slow
async def test_the_node_of_the_url_may_go(tmp_path: Path, monkeypatch):
    """The others are known by then, and answer for what they hold."""
    monkeypatch.setattr("cloudmetrics.platform.redis.PAUSE_SECONDS", 0.0)
    with redis_cluster(tmp_path, 3) as ports:
        redis = Redis(f"redis://127.0.0.1:{ports[0]}")
        with node_at(ports[1]) as second:
            second.config_set("cluster-require-full-coverage", "no")
            tags = [str(number) for number in range(60) if second.cluster("KEYSLOT", str(number)) % 3 == 1]
            await redis.count(dict.fromkeys(map(str, range(60)), 60))
            with node_at(ports[0]) as first:
                first.shutdown(nosave=True)
            with pytest.raises(Unavailable):
                await redis.ping()
            await redis.ping()
            assert await redis.count(dict.fromkeys(tags, 60)) == [2] * len(tags)
        await redis.close()
