"""Reports of leaked keys, signed as GitHub signs them, with keys that a server of the test publishes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cloudmetrics.accounts.api_keys.secrets import generate
from cloudmetrics.contract import ASGIApp
from cloudmetrics.gateway import leak_reports
from cloudmetrics.gateway.leak_reports import SigningKeys
from tests.integration.conftest import alive, client_of, make_app, settings_for

pytestmark = pytest.mark.requirement("CM-12")

URL = "https://github.com/octocat/hello/blob/1234/config.yml"


@dataclass
class Scanner:
    """Finds keys and reports them, and publishes what it signs with."""

    port: int = 0
    fetched: int = 0
    answer: bytes | None = None
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    def new_key(self, name: str) -> None:
        self.keys[name] = ec.generate_private_key(ec.SECP256R1())

    def published(self) -> bytes:
        keys = [{"key_identifier": name, "key": pem(key)} for name, key in self.keys.items()]
        return json.dumps({"public_keys": keys}).encode()

    def sign(self, body: bytes, name: str) -> dict[str, str]:
        signature = self.keys[name].sign(body, ec.ECDSA(hashes.SHA256()))
        return {
            "Github-Public-Key-Identifier": name,
            "Github-Public-Key-Signature": base64.b64encode(signature).decode(),
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetched += 1
        body = self.published() if self.answer is None else self.answer
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()


def pem(key) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture(scope="module")
async def published() -> AsyncIterator[Scanner]:
    scanner = Scanner()
    server = await asyncio.start_server(scanner.serve, "127.0.0.1", 0)
    scanner.port = server.sockets[0].getsockname()[1]
    yield scanner
    server.close()


@pytest.fixture
def scanner(published) -> Scanner:
    """As if it had just begun to publish."""
    published.fetched, published.answer, published.keys = 0, None, {}
    published.new_key("first")
    return published


@pytest.fixture(scope="module")
async def service(published, database_url, stores) -> AsyncIterator[tuple[ASGIApp, SigningKeys]]:
    """A process of the service, and what it knows of the scanner's keys."""
    made: list[SigningKeys] = []

    class Noted(SigningKeys):
        def __init__(self, url: str) -> None:
            super().__init__(url)
            made.append(self)

    settings = replace(
        settings_for(database_url, stores.redis_url),
        leak_report_keys_url=f"http://127.0.0.1:{published.port}/keys",
    )
    with patch("cloudmetrics.app.SigningKeys", Noted):
        app = make_app(settings)
        async with alive(app):
            yield app, made[0]


@pytest.fixture
async def post(scanner, service, monkeypatch):
    """Posts bytes to the service, which knows no keys yet."""
    monkeypatch.setenv("NO_PROXY", "*")
    app, keys = service
    SigningKeys.__init__(keys, keys._url)
    async with client_of(app) as client:

        async def post(body: bytes, headers: dict[str, str]) -> httpx.Response:
            return await client.post(leak_reports.PATH, content=body, headers=headers)

        yield post


def report(*secrets: str) -> bytes:
    return json.dumps(
        [{"token": secret, "type": "cloudmetrics_key", "url": URL, "source": "content"} for secret in secrets]
    ).encode()


async def test_a_leaked_key_ends_and_the_owners_hear_of_it(home, client, scanner, post, mails):
    owner, admin = await home.make_person("OWNER"), await home.make_person("ADMIN")
    leaked = (await client.post("/v1/api-keys", json={"name": "Shop", "preset": "FULL"})).json()["data"]
    unknown = generate("live")
    body = report(leaked["secret"], unknown, "cm_live_rubbish")

    response = await post(body, scanner.sign(body, "first"))

    assert response.status_code == 200
    assert response.json() == [
        {"token_raw": secret, "token_type": "cloudmetrics_key", "label": label}
        for secret, label in [
            (leaked["secret"], "true_positive"),
            (unknown, "false_positive"),
            ("cm_live_rubbish", "false_positive"),
        ]
    ]
    assert (await client.get(f"/v1/api-keys/{leaked['id']}")).json()["data"]["status"] == "REVOKED"
    await asyncio.sleep(1)
    async with home.open(leaked["secret"]) as thief:
        assert (await thief.get("/v1/workspace")).status_code == 401
    (entry,) = (await client.get("/v1/audit-log?action=API_KEY_LEAKED")).json()["data"]
    assert entry["subject"] == {"kind": "API_KEY", "id": leaked["id"]}
    assert entry["details"] == {"found_at": URL, "reporter": "GitHub"}
    (mail,) = await mails(owner.user.email)
    assert "Shop" in mail.text
    assert URL in mail.text
    assert leaked["secret"] not in mail.text
    assert await mails(admin.user.email) == []
    # The same report again does nothing more.
    assert (await post(body, scanner.sign(body, "first"))).json()[0]["label"] == "false_positive"
    assert len(await mails(owner.user.email)) == 1


async def test_a_leaked_key_of_the_sandbox_is_the_business_of_its_owners(home, client, scanner, post, mails):
    owner = await home.make_person("OWNER")
    leaked = await home.make_key(mode="test")
    body = report(leaked)
    assert (await post(body, scanner.sign(body, "first"))).json()[0]["label"] == "true_positive"
    assert len(await mails(owner.user.email)) == 1
    assert len((await client.get("/v1/audit-log?action=API_KEY_LEAKED")).json()["data"]) == 1


async def test_only_the_very_bytes_that_were_signed_count(home, scanner, post):
    secret = await home.make_key()
    body = report(secret)
    good = scanner.sign(body, "first")
    other = Scanner()
    other.new_key("first")
    wrong = [
        (body, {}),
        (body, {"Github-Public-Key-Identifier": "first"}),
        (body, good | {"Github-Public-Key-Identifier": "second"}),
        (body, good | {"Github-Public-Key-Signature": "bm90IGEgc2lnbmF0dXJl"}),
        (body, good | {"Github-Public-Key-Signature": "ü"}),
        (body, good | {"Github-Public-Key-Signature": ""}),
        (body, other.sign(body, "first")),
        (body + b" ", good),
        (b"", good),
    ]
    for sent, headers in wrong:
        response = await post(sent, {name: value.encode("latin-1") for name, value in headers.items()})
        assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED")
    async with home.open(secret) as client:
        assert (await client.get("/v1/workspace")).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1, null, []]", b'[{"token": 5}]', b"\xff", b"[[[["])
async def test_a_signed_report_that_makes_no_sense_harms_nobody(scanner, post, body):
    response = await post(body, scanner.sign(body, "first"))
    assert response.status_code == 200
    assert all(verdict["label"] == "false_positive" for verdict in response.json())


async def test_a_new_signing_key_is_fetched_when_it_is_needed_and_not_at_strangers_will(
    home, scanner, post, monkeypatch
):
    body = report(await home.make_key())
    assert (await post(body, scanner.sign(body, "first"))).status_code == 200
    scanner.new_key("second")
    for number in range(5):
        headers = scanner.sign(body, "second") | {"Github-Public-Key-Identifier": f"made up {number}"}
        assert (await post(body, headers)).status_code == 401
    assert scanner.fetched == 1
    monkeypatch.setattr(leak_reports, "REFRESH_SECONDS", 0)
    assert (await post(body, scanner.sign(body, "second"))).status_code == 200
    assert scanner.fetched == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b'{"public_keys": [{"key_identifier": "first", "key": "rubbish"}]}',
        b'{"public_keys": {}}',
    ],
)
async def test_keys_that_cannot_be_had_are_asked_for_again_later(scanner, post, answer):
    scanner.answer = answer
    body = report("x")
    first = await post(body, scanner.sign(body, "first"))
    assert first.status_code in (401, 503)
    assert (await post(body, scanner.sign(body, "first"))).status_code == 401
    assert scanner.fetched == 1


async def test_a_key_of_another_kind_is_none(scanner, post):
    rsa_key = pem(rsa.generate_private_key(65537, 2048))
    scanner.answer = json.dumps({"public_keys": [{"key_identifier": "first", "key": rsa_key}]}).encode()
    body = report("x")
    assert (await post(body, scanner.sign(body, "first"))).status_code == 503


async def test_a_report_has_a_limit_and_one_method(scanner, post, stranger):
    huge = b"x" * (leak_reports.LARGEST_BODY + 1)
    assert (await post(huge, scanner.sign(huge, "first"))).status_code == 413
    assert (await stranger.get(leak_reports.PATH)).status_code == 405


async def test_reports_that_nobody_signed_use_up_the_window_of_their_address(scanner, post):
    body = report("cm_live_rubbish")
    statuses = [(await post(body, {})).status_code for _ in range(101)]
    assert (statuses.count(401), statuses.count(429)) == (100, 1)
    # The scanner itself is not held up.
    assert (await post(body, scanner.sign(body, "first"))).status_code == 200
