"""API4, unrestricted resource consumption: whatever is sent costs little, and there is an end to it.

Tries bodies that are too large, that grow when they are unpacked, that nest
without end or hold too much; pages, ranges and texts beyond their limits; and
more requests and more events than a plan allows.
"""

import gzip
import zlib

import pytest

from tests.integration.conftest import make_event, make_website

pytestmark = pytest.mark.requirement("D6-5", "CM-14")
JSON = {"Content-Type": "application/json"}


async def test_a_body_has_an_end(client):
    large = b'{"name": "' + b"x" * 2**21 + b'"}'
    answer = await client.post("/v1/websites", content=large, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_grows_is_stopped_on_the_way(client, encoding):
    grown = b'{"name": "' + b"0" * 2**28 + b'"}'
    packed = gzip.compress(grown, 9) if encoding == "gzip" else zlib.compress(grown, 9)
    assert len(packed) < 2**20
    answer = await client.post("/v1/websites", content=packed, headers=JSON | {"Content-Encoding": encoding})
    assert answer.status_code in (413, 415)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b'{"a":1e999999}'])
async def test_a_body_that_nests_or_overflows_is_refused(client, body):
    answer = await client.post("/v1/websites", content=body, headers=JSON)
    assert answer.status_code == 400


async def test_a_batch_has_an_end(client, website_id):
    many = {"events": [make_event(website_id) for _ in range(1001)]}
    assert (await client.post("/v1/events", json=many)).status_code == 400
    deep = {"events": [make_event(website_id, properties={"a": "x" * 100_000})]}
    assert (await client.post("/v1/events", json=deep)).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v1/websites?limit=1001",
        "/v1/websites?limit=-1",
        "/v1/websites?limit=99999999999999999999",
        "/v1/events?limit=1000000",
        "/v1/metrics?start_date=1900-01-01&end_date=2100-01-01",
        f"/v1/websites?cursor={'x' * 5000}",
        f"/v1/metrics?source={'x' * 5000}",
    ],
)
async def test_a_question_has_an_end(client, path):
    assert (await client.get(path)).status_code == 400


async def test_a_plan_has_an_end(make_home):
    home = await make_home(plan="FREE")
    client = home.open(await home.make_key())
    website = await make_website(client)
    statuses = [(await client.get(f"/v1/websites/{website}")).status_code for _ in range(110)]
    assert (statuses.count(200), statuses.count(429)) == (99, 11)
