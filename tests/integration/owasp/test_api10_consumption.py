"""API10, unsafe consumption of APIs: what others say is judged like what callers say.

Tries proxies' headers that are garbage, and records in Redis that somebody else
wrote, of the wrong type or damaged.
"""

import pytest
import redis as redis_py

pytestmark = pytest.mark.requirement("D6-7", "CM-14")


@pytest.fixture
def store(stores):
    with redis_py.Redis.from_url(stores.redis_url) as store:
        yield store


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff\xff\xff", b"\x81", b"\xa5hello", b"\x93\x01\xa1x", b"[1, 2]", b"9" * 99]
)
async def test_limits_that_are_garbage_count_as_nothing(home, store, garbage):
    client = home.open(await home.make_key())
    await client.get("/v1/workspace")
    keys = list(store.scan_iter(f"limit:{{{home.workspace.id}}}:*"))
    assert keys
    for key in keys:
        store.set(key, garbage)
    answers = [await client.get("/v1/workspace") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[-1].headers["ratelimit"]


async def test_a_limit_of_the_wrong_type_costs_no_request(home, store):
    client = home.open(await home.make_key())
    await client.get("/v1/workspace")
    for key in list(store.scan_iter(f"limit:{{{home.workspace.id}}}:*")):
        store.delete(key)
        store.hset(key, "a", "b")
    try:
        assert (await client.get("/v1/workspace")).status_code == 200
    finally:
        for key in list(store.scan_iter(f"limit:{{{home.workspace.id}}}:*")):
            store.delete(key)


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "traceparent", "X-Request-ID"]
)
@pytest.mark.parametrize(
    "value", [b"\xff\xfe", b"," * 1000, b'"', b"for=", b"%0d%0aSet-Cookie: a=b", b"1.2.3.4" * 500]
)
async def test_headers_of_proxies_that_are_garbage_change_nothing(client, name, value):
    answer = await client.get("/v1/workspace", headers={name: value})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
