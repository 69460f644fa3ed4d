"""Tokens of an outside issuer: whose they are, what they may do, and what is tried with them."""

import asyncio
import base64
import hmac
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from cloudmetrics.accounts.oauth import outside
from cloudmetrics.platform.config import Settings, SettingsError

from .conftest import alive, client_of, make_app, settings_for
from .oauth import make_person, make_program

AUDIENCE = "https://api.acme.example"


class Issuer:
    """A sign-in service that publishes its keys."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})]
        self.asked = 0
        self.away = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if outer.away:
                    self.send_error(503)
                    return
                body = outer.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> bytes:
        if path == "/keys":
            self.asked += 1
            return json.dumps({"keys": [published(key) for key in self.keys]}).encode()
        return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()

    def sign(self, email: str, key: object = None, header: dict | None = None, **changes: object) -> str:
        key = key or self.keys[0]
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "someone",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "email": email,
            "email_verified": True,
            "scope": "websites:full openid",
        } | changes
        given = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"} | (header or {})
        return jwt.encode(head, given, key, [head["alg"]])


def published(key: Any) -> dict[str, Any]:
    return key.as_dict(private=isinstance(key, OctKey))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    opened = Issuer()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


@pytest.fixture
async def http(database_url, stores, issuer) -> AsyncIterator[httpx.AsyncClient]:
    """A service that trusts the issuer."""
    settings = settings_for(database_url, stores.redis_url)
    app = make_app(replace(settings, outside_issuer=issuer.url, outside_audience=AUDIENCE))
    async with alive(app), client_of(app) as client:
        yield client


@pytest.fixture
async def call(http):
    async def call(token: str, path: str = "/v1/websites", **headers: str) -> httpx.Response:
        return await http.get(path, headers={"Authorization": f"Bearer {token}"} | headers)

    return call


async def test_a_person_of_ours_comes_in_with_the_companys_token(issuer, call, person, home, http):
    token = issuer.sign(person.user.email)

    assert (await call(token)).status_code == 200
    assert (await call(token, "/v1/metrics")).status_code == 403
    assert (
        await call(issuer.sign(person.user.email.upper(), scp=["metrics:read"], scope=None))
    ).status_code == 403
    resource = (await http.get("/.well-known/oauth-protected-resource")).json()
    assert issuer.url in resource["authorization_servers"]


async def test_a_role_binds_an_outside_token_as_well(issuer, call, person, home, http):
    token = issuer.sign(person.user.email)
    auth = {"Authorization": f"Bearer {token}"}
    body = {"name": "W", "domain": "w.example"}
    assert (await http.post("/v1/websites", json=body, headers=auth)).status_code == 201

    await person.become(home.workspace.id, "VIEWER")
    await asyncio.sleep(1.1)
    assert (await http.post("/v1/websites", json=body, headers=auth)).status_code == 403
    await person.become(home.workspace.id, "")
    await asyncio.sleep(1.1)
    assert (await call(token)).status_code == 401


async def test_somebody_with_several_workspaces_names_one(issuer, call, person, home, make_home):
    second = await make_home()
    await person.join(second.workspace.id)
    foreign = await make_home()
    token = issuer.sign(person.user.email)

    assert (await call(token)).status_code == 403
    for workspace in (home, second):
        assert (await call(token, **{"X-Tenant-Id": str(workspace.workspace.id)})).status_code == 200
    for named in (foreign.workspace.id, uuid4(), "x"):
        refused = await call(token, **{"X-Tenant-Id": str(named)})
        assert (refused.status_code, refused.json()["code"]) == (403, "WORKSPACE_NOT_ALLOWED")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": 7},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"aud": [AUDIENCE + "x"]},
        {"exp": 1},
        {"exp": None},
        {"exp": "x"},
        {"exp": float("inf")},
        {"nbf": 99999999999},
        {"iat": 99999999999},
        {"email": "nobody@example.com"},
        {"email": None},
        {"email": 7},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"nonce": "n"},
        {"at_hash": "h"},
        {"scope": 7},
    ],
)
async def test_wrong_claims_make_no_credential(issuer, call, person, changes):
    claims = {"email": person.user.email} | changes
    assert (await call(issuer.sign(**claims))).status_code == 401


async def test_no_scope_means_that_nothing_is_allowed(issuer, call, person):
    assert (await call(issuer.sign(person.user.email, scope=None))).status_code == 403


@pytest.mark.parametrize(
    "header",
    [{"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"kid": "../one"}, {"kid": None}, {"crit": ["x"], "x": 1}],
)
async def test_wrong_headers_make_no_credential(issuer, call, person, header):
    key = RSAKey.import_key(issuer.keys[0].as_dict(private=True))
    given = {"alg": "RS256", "kid": "one", "typ": "at+jwt"} | header
    if given["kid"] is None:
        given.pop("kid")
    token = issuer.sign(person.user.email)
    body = token.split(".")[1]
    forged = sign_rs256(key, given, body)
    assert (await call(forged)).status_code == 401


def sign_rs256(key: RSAKey, header: dict, body: str) -> str:
    """Signs whatever header there is."""
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    signature = key.private_key.sign(f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    return f"{head}.{body}." + base64.urlsafe_b64encode(signature).decode().rstrip("=")


async def test_neither_the_public_key_nor_none_signs(issuer, call, person):
    head, body, _ = issuer.sign(person.user.email).split(".")
    signed = (
        base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "one"}).encode()).decode().rstrip("=")
    )
    public = issuer.keys[0].as_pem(private=False)
    mac = hmac.digest(public, f"{signed}.{body}".encode(), "sha256")
    symmetric = f"{signed}.{body}." + base64.urlsafe_b64encode(mac).decode().rstrip("=")
    for token in (
        symmetric,
        f"{head}.{body}.",
        sign_rs256(RSAKey.generate_key(2048), {"alg": "RS256", "kid": "one"}, body),
    ):
        assert (await call(token)).status_code == 401


async def test_a_symmetric_key_that_was_published_by_mistake_is_ignored(issuer, call, person):
    shared = OctKey.generate_key(256, {"kid": "shared", "alg": "HS256"})
    issuer.keys.append(shared)
    token = issuer.sign(person.user.email, shared)
    assert (await call(token)).status_code == 401


async def test_keys_of_each_kind_are_taken(issuer, call, person):
    issuer.keys = [
        ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"}),
        OKPKey.generate_key("Ed25519", {"kid": "ed", "alg": "Ed25519"}),
        RSAKey.generate_key(2048, {"kid": "pss", "alg": "PS256"}),
    ]
    for key in issuer.keys:
        assert (await call(issuer.sign(person.user.email, key))).status_code == 200


async def test_a_new_key_is_found_and_unknown_ones_do_not_make_us_ask_all_the_time(
    issuer, call, person, monkeypatch
):
    assert (await call(issuer.sign(person.user.email))).status_code == 200
    stranger = RSAKey.generate_key(2048, {"kid": "unknown", "alg": "RS256"})
    await asyncio.gather(*(call(issuer.sign(person.user.email, stranger, jti=str(n))) for n in range(20)))
    assert issuer.asked == 1

    monkeypatch.setattr(outside, "LEAST_SECONDS", 0.0)
    issuer.keys.append(RSAKey.generate_key(2048, {"kid": "two", "alg": "RS256"}))
    assert (await call(issuer.sign(person.user.email, issuer.keys[1]))).status_code == 200


async def test_an_issuer_that_is_away_signs_nobody_out(issuer, call, person, monkeypatch):
    issuer.away = True
    assert (await call(issuer.sign(person.user.email))).status_code == 503
    issuer.away = False
    monkeypatch.setattr(outside, "LEAST_SECONDS", 0.0)
    assert (await call(issuer.sign(person.user.email))).status_code == 200
    issuer.away = True
    monkeypatch.setattr(outside, "KEYS_SECONDS", 0.0)
    assert (await call(issuer.sign(person.user.email, jti="another"))).status_code == 200


async def test_where_no_issuer_is_set_its_tokens_are_nothing(issuer, stranger, person):
    response = await stranger.get(
        "/v1/websites", headers={"Authorization": f"Bearer {issuer.sign(person.user.email)}"}
    )
    assert response.status_code == 401
    assert issuer.asked == 0


async def test_our_own_tokens_are_good_beside_them(issuer, http, call, client):
    program = await make_program(client, http, grant_types=["CLIENT_CREDENTIALS"], scopes=["websites:read"])
    assert (await call((await program.own_token()).json()["access_token"])).status_code == 200


def test_issuer_and_audience_are_set_together():
    with pytest.raises(SettingsError, match="OUTSIDE_AUDIENCE"):
        Settings.load({"CLOUDMETRICS_OUTSIDE_ISSUER": "https://id.example"})


async def test_a_person_who_is_no_member_anywhere_is_nobody(issuer, call, database, keyring):
    alone = await make_person(database, keyring)
    assert (await call(issuer.sign(alone.user.email))).status_code == 401
