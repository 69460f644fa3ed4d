"""How answers travel: encryption, other origins, careful headers, and where to report a weakness."""

import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import httpx
import pytest

from tests.integration.conftest import alive, client_of, make_app, settings_for
from tests.integration.receiving import make_certificate
from tests.integration.running import PROJECT, environment, free_port
from tests.waiting import PATIENCE, until

SHOP = "https://shop.example"
PREFLIGHT = {
    "Origin": SHOP,
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "api-key",
}


@pytest.fixture
def service(database_url, stores):
    @asynccontextmanager
    async def service(key=None, address=None, **settings):
        app = make_app(replace(settings_for(database_url, stores.redis_url), **settings))
        async with alive(app), client_of(app, key, address) as client:
            yield client

    return service


@pytest.fixture
def allow(database):
    async def allow(home, *origins):
        async with database.transaction(home.workspace.id) as transaction:
            await transaction.execute(
                "UPDATE workspaces SET cors_origins = %(origins)s WHERE workspace_id = %(id)s",
                {"origins": list(origins), "id": home.workspace.id},
            )

    return allow


@pytest.mark.requirement("D6-7")
async def test_every_answer_is_careful(client, stranger):
    answers = [
        await client.get("/v1/workspace"),
        await client.get("/v1/metrics?nonsense=1"),
        await stranger.get("/v1/workspace"),
        await stranger.get("/v1/nothing"),
        await stranger.get("/nothing"),
        await stranger.get("/healthz"),
        await stranger.get("/openapi.json"),
        await stranger.get("/docs"),
        await stranger.get("/.well-known/security.txt"),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert headers.get_list("x-frame-options") == ["DENY"]
        assert headers.get_list("referrer-policy") == ["no-referrer"]
        (policy,) = headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none'")
        assert "strict-transport-security" not in headers
    assert answers[0].headers["cache-control"] == "private, no-cache"
    assert answers[2].headers["cache-control"] == "no-store"


async def test_whoever_called_by_https_is_told_to_stay_with_it(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://testserver") as client:
        for path in ("/healthz", "/docs", "/v1/workspace"):
            sent = (await client.get(path)).headers["strict-transport-security"]
            assert sent == "max-age=63072000; includeSubDomains"


async def test_plain_http_is_refused_and_not_redirected(service, home):
    async with service(await home.make_key(), require_tls=True) as client:
        for path in ("/v1/workspace", "/docs", "/nothing"):
            response = await client.get(path)
            assert response.status_code == 403
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["code"] == "TLS_REQUIRED"
            assert response.headers["x-request-id"]
            assert "location" not in response.headers
        website = {"name": "Shop", "domain": "tls.example.com"}
        assert (await client.post("/v1/websites", json=website)).status_code == 403
        # Whoever looks after the process asks it directly.
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
    assert (await home.open(await home.make_key()).get("/v1/websites")).json()["data"] == []


async def test_only_a_trusted_proxy_says_that_it_was_https(service, home):
    key = await home.make_key()
    proxies = (ip_network("192.0.2.0/24"),)
    async with service(key, "192.0.2.1", require_tls=True, trusted_proxies=proxies) as proxy:
        for proto, status in (("https", 200), ("http", 403), ("https, http", 403), ("", 403)):
            response = await proxy.get("/v1/workspace", headers={"X-Forwarded-Proto": proto})
            assert response.status_code == status
    async with service(key, "203.0.113.1", require_tls=True, trusted_proxies=proxies) as stranger:
        response = await stranger.get("/v1/workspace", headers={"X-Forwarded-Proto": "https"})
        assert response.status_code == 403


async def test_pages_of_a_listed_origin_may_read_answers_and_no_others(home, allow):
    await allow(home, SHOP, "https://other.example")
    client = home.open(await home.make_key())
    listed = await client.get("/v1/workspace", headers={"Origin": SHOP})
    assert listed.headers["access-control-allow-origin"] == SHOP
    assert "RateLimit" in listed.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in listed.headers
    for origin in (
        "https://evil.example",
        "https://shop.example.evil.example",
        "http://shop.example",
        "null",
    ):
        answer = await client.get("/v1/workspace", headers={"Origin": origin})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "API-Key, Authorization, X-Tenant-Id, Origin"
    assert "Origin" not in (await client.get("/v1/workspace")).headers["vary"]


async def test_errors_of_a_listed_origin_can_be_read_too(home, allow, stranger):
    await allow(home, SHOP)
    client = home.open(await home.make_key({"metrics:read"}))
    for path, status in (("/v1/websites", 403), ("/v1/metrics?x=1", 400)):
        answer = await client.get(path, headers={"Origin": SHOP})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SHOP)
    # A stranger's answer holds nothing of anybody's.
    answer = await stranger.get("/v1/workspace", headers={"Origin": SHOP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, SHOP)


async def test_every_origin_where_a_workspace_says_so(home, allow):
    await allow(home, "*")
    client = home.open(await home.make_key())
    answer = await client.get("/v1/workspace", headers={"Origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize("path", ["/v1/events", "/api/v1/events", "/v1/websites/x"])
async def test_a_preflight_needs_no_credential(stranger, path):
    answer = await stranger.options(path, headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "API-Key" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["x-request-id"]


async def test_what_is_no_preflight_of_the_api_is_answered_as_ever(stranger):
    assert (await stranger.options("/v1/events", headers={"Origin": SHOP})).headers["allow"]
    answer = await stranger.options("/docs", headers=PREFLIGHT)
    assert "access-control-allow-origin" not in answer.headers


async def test_who_finds_a_weakness_learns_where_to_say_so(service):
    async with service(security_contact="mailto:safe@acme.example") as client:
        answer = await client.get("/.well-known/security.txt")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
        assert fields["Contact"] == "mailto:safe@acme.example"
        assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
        left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
        assert timedelta(days=30) < left < timedelta(days=365)
        head = await client.head("/.well-known/security.txt")
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.post("/.well-known/security.txt")).status_code == 405


@pytest.mark.slow
@pytest.mark.requirement("D6-7")
def test_with_a_certificate_it_speaks_tls_13_and_nothing_older(tmp_path, database_url, stores):
    certificate = make_certificate(tmp_path, "localhost")
    port = free_port()
    settings = environment(
        DATABASE_URL=database_url,
        REDIS_URL=stores.redis_url,
        PORT=port,
        CLOUDMETRICS_WORKERS=1,
        CLOUDMETRICS_SECRET_KEY="a secret key of the tests, 32 bytes or more",
        CLOUDMETRICS_TLS_CERTIFICATE=certificate,
        CLOUDMETRICS_TLS_KEY=certificate,
        CLOUDMETRICS_REQUIRE_TLS=1,
    )
    command = [sys.executable, "-m", "gunicorn", "-c", "python:cloudmetrics.gunicorn_settings"]
    process = subprocess.Popen([*command, "cloudmetrics.asgi:app"], cwd=PROJECT, env=settings)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, "listening")
        trusting = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(base_url=f"https://localhost:{port}", verify=trusting, trust_env=False) as client:
            answer = client.get("/v1/workspace")
            assert answer.status_code == 401
            assert answer.headers["strict-transport-security"]
            stream = answer.extensions["network_stream"]
            assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
        trusting.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            pytest.raises(ssl.SSLError),
        ):
            trusting.wrap_socket(raw, server_hostname="localhost")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/v1/workspace", trust_env=False)
    finally:
        process.terminate()
        process.wait(PATIENCE)
