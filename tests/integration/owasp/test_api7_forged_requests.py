"""API7, server side request forgery: nothing that is sent makes the server call anywhere.

Tries addresses of this machine, of clouds' metadata and of files in every field
that holds a URL or a domain, beside a listener that would hear of a call; and
Host headers that would make links lead elsewhere.
"""

import asyncio

import pytest

from tests.integration.conftest import make_event

pytestmark = pytest.mark.requirement("D6-7", "CM-14")


@pytest.fixture
async def listener():
    """A port of this machine, and all that was heard there."""
    heard = []

    async def hear(_, writer):
        heard.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def test_urls_are_kept_and_never_called(client, website_id, listener):
    port, heard = listener
    urls = [
        f"http://127.0.0.1:{port}/",
        f"http://localhost:{port}/latest/meta-data",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://2130706433:{port}/",
        "http://169.254.169.254/latest/meta-data/iam",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
    ]
    for url in urls:
        event = make_event(website_id, url=url, referrer=url, properties={"callback": url})
        answer = await client.post("/v1/events", json={"events": [event]})
        assert answer.status_code in (200, 400)
    await client.get("/v1/events")
    await client.get("/v1/metrics")
    await asyncio.sleep(0.2)
    assert heard == []


async def test_a_website_is_a_domain_and_no_address_to_call(client, listener):
    port, heard = listener
    for domain in (f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", "file:///etc/passwd", "a.example/x", "@"):
        answer = await client.post("/v1/websites", json={"name": "Shop", "domain": domain})
        assert answer.status_code == 400, domain
    await asyncio.sleep(0.2)
    assert heard == []


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL"])
async def test_no_header_moves_the_links_of_an_answer(client, stranger, header):
    forged = {header: "evil.example"}
    for number in range(2):
        website = {"name": "Shop", "domain": f"{header.lower()}-{number}.example.com"}
        created = await client.post("/v1/websites", json=website, headers=forged)
        assert created.headers["location"].startswith("/v1/websites/")
    page = await client.get("/v1/websites?limit=1", headers=forged)
    assert "evil" not in page.headers["link"] + page.text
    refused = await stranger.get("/v1/workspace", headers=forged)
    assert refused.json()["type"].startswith("http://testserver/docs/errors/")
    assert "evil" not in (await stranger.get("/docs", headers=forged)).text
