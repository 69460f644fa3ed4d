"""API5, broken function level authorization: a credential can do what its scopes name, and no more.

Tries every operation with all scopes but its own; with no scope at all; other
methods at every URL, also by the headers and fields that some frameworks let
override the method; and the same operations under the other base path.
"""

import pytest

from cloudmetrics.accounts.scopes import FULL
from tests.integration.owasp.operations import SAMPLES

pytestmark = pytest.mark.requirement("CM-5", "CM-14")


def including(scope: str) -> set[str]:
    """The scopes that hold a scope: itself, and its `:full`."""
    return {scope, f"{scope.partition(':')[0]}:full"}


@pytest.mark.parametrize("base", ["", "/api"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
async def test_all_other_scopes_are_not_enough(home, sample, base):
    for scope in sample.scopes:
        client = home.open(await home.make_key(FULL - including(scope)))
        answer = await client.request(sample.method, base + sample.url(), json=sample.body)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
        assert answer.json()["details"] == {"missing_scopes": [scope]}


async def test_a_key_without_scopes_can_do_nothing(home):
    client = home.open(await home.make_key(set()))
    for sample in SAMPLES:
        answer = await client.request(sample.method, sample.url(), json=sample.body)
        # A share link's dashboard takes no key at all, but the link's token.
        takes_keys = any("api_key" in option for option in sample.security)
        assert answer.status_code == (403 if takes_keys else 401), sample.id


async def test_the_method_is_the_one_of_the_request(home, client):
    reader = home.open(await home.make_key({"websites:read"}))
    website = {"name": "Shop", "domain": "method.example.com"}
    identifier = (await client.post("/v1/websites", json=website)).json()["data"]["id"]
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await reader.get(f"/v1/websites/{identifier}", headers={header: "DELETE"})
        assert answer.status_code == 200
    await reader.get(f"/v1/websites/{identifier}", params={"_method": "DELETE"})
    assert (await client.get(f"/v1/websites/{identifier}")).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PURGE"])
async def test_no_other_method_does_anything(client, method):
    for sample in SAMPLES:
        assert (await client.request(method, sample.url())).status_code == 405, sample.id
