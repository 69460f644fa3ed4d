"""How limits are counted: buckets and windows, in Redis and in a process alone, against simple models."""

import asyncio
from uuid import uuid4

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.gateway.limits.local import LocalLimits
from cloudmetrics.gateway.limits.models import Check, Kind
from cloudmetrics.gateway.limits.store import SharedLimits
from cloudmetrics.platform.redis import Redis

pytestmark = pytest.mark.requirement("CM-6", "D6-5")


class Clock:
    """Milliseconds, moved by hand."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Bucket:
    """The model: so many tokens as fractions of time, computed from the admissions alone."""

    def __init__(self, limit: int, period: int) -> None:
        self.limit, self.period = limit, period
        self.tokens, self.at = limit * period, None

    def admits(self, now: int) -> bool:
        if self.at is not None:
            self.tokens = min(self.limit * self.period, self.tokens + (now - self.at) * self.limit)
        self.at = now
        if self.tokens < self.period:
            return False
        self.tokens -= self.period
        return True


@pytest.fixture
async def redis(stores):
    redis = Redis(stores.redis_url)
    yield redis
    await redis.close()


def check_of(kind: Kind, limit: int, seconds: int, tag: str = "", key: str = "k", cost: int = 1) -> Check:
    return Check("test", tag or uuid4().hex, key, kind, limit, seconds, cost)


steps = st.lists(st.sampled_from([0, 0, 0, 1, 7, 250, 1_999, 2_000, 2_001, 9_000, 61_000]), max_size=60)
any_time = pytest.mark.parametrize("seconds", [1, 60, 3600])
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@any_time
@quick
@given(limit=st.integers(1, 9), steps=steps)
async def test_a_bucket_does_as_its_model_does(redis, seconds, limit, steps):
    clock = Clock()
    shared, local = SharedLimits(redis, clock), LocalLimits(workers=1)
    model, check = Bucket(limit, seconds * 1000), check_of(Kind.BUCKET, limit, seconds)
    for step in steps:
        clock.now += step
        (standing,) = await shared.judge([check])
        assert standing.admits == model.admits(clock.now)
        assert standing.remaining == model.tokens // model.period
        assert standing == local.judge([check], clock.now)[0]


@quick
@given(limit=st.integers(1, 9), steps=steps)
async def test_a_window_never_holds_more_than_its_limit_and_never_refuses_much_too_early(redis, limit, steps):
    clock = Clock()
    shared, local = SharedLimits(redis, clock), LocalLimits(workers=1)
    check, admitted = check_of(Kind.WINDOW, limit, 60), []
    for step in steps:
        clock.now += step
        (standing,) = await shared.judge([check])
        within = sum(clock.now - at < 60_000 for at in admitted)
        if standing.admits:
            assert within < limit
            admitted.append(clock.now)
        else:
            # A slot of 2 s counts until all of it is old.
            assert sum(clock.now - at < 62_000 for at in admitted) >= limit
        assert standing == local.judge([check], clock.now)[0]


@pytest.mark.parametrize("kind", list(Kind))
@quick
@given(limit=st.integers(1, 9), seconds=st.sampled_from([1, 7, 60]), steps=steps)
async def test_whoever_waits_as_told_is_admitted(redis, kind, limit, seconds, steps):
    clock = Clock()
    shared, check = SharedLimits(redis, clock), check_of(kind, limit, seconds)
    for step in steps:
        clock.now += step
        (standing,) = await shared.judge([check])
        if not standing.admits:
            assert standing.wait > 0
            clock.now += standing.wait - 1
            assert not (await shared.judge([check]))[0].admits
            clock.now += 1
            assert (await shared.judge([check]))[0].admits


async def test_a_clock_that_is_set_back_gives_nothing_away(redis):
    clock = Clock()
    limits = SharedLimits(redis, clock)
    for check in (check_of(Kind.BUCKET, 2, 60), check_of(Kind.WINDOW, 2, 60)):
        admitted = 0
        for now in (0, -3_600_000, 1, -5, 2, 0):
            clock.now = 1_700_000_000_000 + now
            admitted += (await limits.judge([check]))[0].admits
        assert admitted == 2


async def test_a_request_takes_of_all_its_limits_or_of_none(redis):
    limits = SharedLimits(redis, Clock())
    tag = uuid4().hex
    wide = check_of(Kind.WINDOW, 10, 60, tag, "wide")
    narrow = check_of(Kind.BUCKET, 1, 60, tag, "narrow")
    assert [each.admits for each in await limits.judge([wide, narrow])] == [True, True]
    for _ in range(20):
        assert [each[:2] for each in await limits.judge([wide, narrow])] == [(True, 9), (False, 0)]


async def test_two_hundred_at_once_of_a_bucket_of_fifty_are_fifty(stores):
    clients = [Redis(stores.redis_url) for _ in range(2)]
    workers = [SharedLimits(client) for client in clients]
    for kind in Kind:
        check = check_of(kind, 50, 3600)
        answers = await asyncio.gather(*(workers[number % 2].judge([check]) for number in range(200)))
        assert sum(standing.admits for (standing,) in answers) == 50
    for client in clients:
        await client.close()


async def test_what_is_given_back_may_be_taken_again(redis):
    limits = SharedLimits(redis, Clock())
    for kind in Kind:
        check = check_of(kind, 1, 60)
        assert [(await limits.judge([check]))[0].admits for _ in range(2)] == [True, False]
        await limits.judge([check._replace(cost=-1)])
        assert [(await limits.judge([check]))[0].admits for _ in range(2)] == [True, False]


async def test_a_limit_that_was_lowered_holds_at_once(redis):
    limits, clock = None, Clock()
    limits = SharedLimits(redis, clock)
    check = check_of(Kind.WINDOW, 10, 60)
    for _ in range(10):
        clock.now += 2_000
        await limits.judge([check])
    (standing,) = await limits.judge([check._replace(limit=5)])
    assert (standing.admits, standing.remaining) == (False, 0)
    clock.now += standing.wait
    assert (await limits.judge([check._replace(limit=5)]))[0].admits


async def test_workers_alone_share_a_limit():
    locals_ = [LocalLimits(workers=4) for _ in range(4)]
    for kind, limit, whole in ((Kind.BUCKET, 40, 40), (Kind.WINDOW, 40, 40), (Kind.WINDOW, 2, 4)):
        check = check_of(kind, limit, 60)
        admitted = sum(worker.judge([check], 0)[0].admits for worker in locals_ for _ in range(100))
        assert admitted == whole


async def test_a_process_alone_keeps_only_so_much():
    local = LocalLimits(workers=1)
    for number in range(10_100):
        local.judge([check_of(Kind.WINDOW, 1, 60, f"address {number}")], 0)
    assert len(local._kept) == 10_000


async def test_what_nobody_uses_any_more_is_forgotten_by_redis(stores, redis):
    tag = uuid4().hex
    checks = [check_of(Kind.BUCKET, 10, 60, tag, "b"), check_of(Kind.WINDOW, 10, 60, tag, "w")]
    await SharedLimits(redis).judge(checks)
    with redis_py.Redis.from_url(stores.redis_url) as store:
        lives = sorted(store.pttl(f"limit:{{{tag}}}:{key}") for key in "bw")
    assert 0 < lives[0] <= 6_001
    assert 60_000 < lives[1] <= 62_000
