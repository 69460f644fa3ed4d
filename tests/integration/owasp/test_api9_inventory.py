"""API9, improper inventory management: what is served is in the contract, and nothing else is.

Tries versions that never were, names that other frameworks serve, and both base
paths of each operation; and compares the contract that is handed out with the
one that is served.
"""

import pytest

from tests.integration.owasp.operations import CONTRACT, SAMPLES

pytestmark = pytest.mark.requirement("CM-2", "CM-14")


@pytest.mark.parametrize(
    "version", ["/v0", "/v2", "/v1beta", "/V1", "/api/v2", "/internal", "/admin", "", "/api"]
)
async def test_there_is_one_version_and_no_back_door(client, version):
    for sample in SAMPLES:
        path = sample.url().removeprefix("/v1")
        answer = await client.request(sample.method, version + path, json=sample.body)
        assert answer.status_code in (404, 405), version + path


async def test_both_base_paths_serve_the_same(client):
    assert (await client.get("/api/v1/workspace")).json() == (await client.get("/v1/workspace")).json()


async def test_the_contract_that_is_handed_out_is_the_one_that_is_served(stranger):
    handed_out = (await stranger.get("/openapi.json")).json()
    assert set(handed_out["paths"]) == set(CONTRACT.bundle["paths"])
    for path, item in CONTRACT.bundle["paths"].items():
        assert set(handed_out["paths"][path]) == set(item)


async def test_every_answer_names_its_version(client, stranger):
    for answer in (await client.get("/v1/workspace"), await stranger.get("/v1/workspace")):
        assert answer.headers["api-version"] == CONTRACT.version


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
async def test_every_operation_is_protected_in_the_contract(sample):
    assert sample.security
    assert all(sample.security)
