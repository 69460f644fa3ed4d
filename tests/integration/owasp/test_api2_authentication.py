"""API2, broken authentication: a request is a stranger's unless it proves otherwise.

Tries no credential at every operation; keys in places where they leak (the URL,
a cookie, the body); forged tokens; keys that ended; a credential beside another
one; guessing until the address's window is used up.
"""

import base64
import json

import pytest

from cloudmetrics.accounts.api_keys.secrets import generate
from tests.integration.conftest import client_of
from tests.integration.owasp.operations import SAMPLES

pytestmark = pytest.mark.requirement("D6-7", "CM-14")


def token(header: dict, claims: dict, signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
async def test_every_operation_wants_a_credential(stranger, sample):
    answer = await stranger.request(sample.method, sample.url(), json=sample.body)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_a_key_counts_only_where_it_does_not_leak(home, stranger):
    key = await home.make_key()
    for name in ("api_key", "API-Key", "api-key", "access_token", "key"):
        assert (await stranger.get("/v1/workspace", params={name: key})).status_code in (400, 401)
    assert (await stranger.get("/v1/workspace", headers={"Cookie": f"API-Key={key}"})).status_code == 401
    assert (await stranger.post("/v1/websites", json={"api_key": key})).status_code == 401
    basic = base64.b64encode(f"{key}:".encode()).decode()
    sent = {"Authorization": f"Basic {basic}"}
    assert (await stranger.get("/v1/workspace", headers=sent)).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256"])
async def test_forged_tokens_are_nobodys(home, stranger, algorithm):
    claims = {"sub": str(home.workspace.id), "scope": "workspace:read", "exp": 4102444800}
    forged = token({"alg": algorithm, "typ": "JWT", "kid": "../../dev/null"}, claims, b"signature")
    answer = await stranger.get("/v1/workspace", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


async def test_two_halves_of_credentials_make_no_whole_one(home, stranger):
    key = await home.make_key()
    for sent in (f"{key},{key}", key[:-1], f"{key}\t{key}", key.upper(), key.swapcase()):
        answer = await stranger.get("/v1/workspace", headers={"API-Key": sent.encode()})
        assert answer.status_code == 401, sent


async def test_guessing_ends_with_the_addresss_window(app):
    async with client_of(app, None, "198.51.100.200") as guesser:
        statuses = []
        for _ in range(120):
            answer = await guesser.get("/v1/workspace", headers={"API-Key": generate("live")})
            statuses.append(answer.status_code)
        assert (statuses.count(401), statuses.count(429)) == (100, 20)
        # Other words do not help: it is the address that is counted.
        answer = await guesser.get("/v1/workspace", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 429
