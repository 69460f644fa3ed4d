"""The JavaScript SDK in a real browser, as a page of another origin than the API's."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.integration.live import Live
from tests.integration.test_oauth_browser import CHROMIUM, Chromium
from tests.sdk.running import JAVASCRIPT, NODE, javascript_runner
from tests.sdk.server import serving
from tests.sdk.suite import ROOT, exchange

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requirement("CM-10", "B-6"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]
PROGRAM = """
import { BadRequest, CloudMetrics, ConnectionFailed } from '@cloudmetrics/api-client';

globalThis.lists = async (options) => {
  const client = new CloudMetrics(options);
  for (const name of ['Shop', 'Blog', 'App']) {
    await client.websites.create({ name, domain: `${name}.example.com` });
  }
  const names = [];
  for await (const website of client.websites.list({ limit: 2 })) names.push(website.name);
  const { etag, traceId } = await client.workspace.get().withResponse();
  return { names, etag, traceId };
};

globalThis.problem = async (options) => {
  try {
    await new CloudMetrics(options).websites.create({ name: '', domain: 'a.example.com' });
  } catch (error) {
    const { code, violations } = error;
    const pointers = violations.map(({ pointer }) => pointer);
    return { isBadRequest: error instanceof BadRequest, code, pointers };
  }
};

globalThis.refused = async (options) => {
  try {
    await new CloudMetrics({ ...options, maxRetries: 0 }).workspace.get();
  } catch (error) {
    return [error instanceof ConnectionFailed, error.message];
  }
};

globalThis.streamed = async (options) => {
  const events = [];
  for await (const { data } of new CloudMetrics(options).stream('/v1/new-stream')) events.push(data);
  return events;
};
"""
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "API-Key, Last-Event-ID",
    "Access-Control-Max-Age": "60",
}
STREAM = CORS | {"Content-Type": "text/event-stream"}


class Quiet(SimpleHTTPRequestHandler):
    """A website of files."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a website whose page loads the bundled SDK."""
    javascript_runner()
    folder = tmp_path_factory.mktemp("website")
    command = [NODE, str(ROOT / "scripts/node/bundle.cjs"), str(JAVASCRIPT)]
    bundle = subprocess.run(command, input=PROGRAM.encode(), check=True, capture_output=True).stdout
    (folder / "app.js").write_bytes(bundle)
    (folder / "index.html").write_text('<!doctype html><script type="module" src="app.js"></script>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def allowing(live: Live, website: int) -> Live:
    """A server whose workspace lets that website's pages in, by one of its two names."""
    answer = httpx.patch(
        f"{live.url}/v1/workspace",
        json={"cors_origins": [f"http://127.0.0.1:{website}"]},
        headers={"API-Key": live.key, "Content-Type": "application/merge-patch+json"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return live


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    opened = Chromium()
    yield opened
    opened.close()


def page_says(browser: Chromium, website: str, function: str, **options: str) -> Any:
    """What a function of the page gives."""
    told: list[Any] = []

    def work(page: Page) -> None:
        page.goto(website)
        page.wait_for_function(f"'{function}' in window")
        told.append(page.evaluate(f"{function}({json.dumps(options)})"))

    browser.visit(work)
    return told[0]


def test_a_page_lists_and_reads_what_comes_along(browser, website, allowing):
    said = page_says(
        browser, f"http://127.0.0.1:{website}", "lists", baseUrl=allowing.url, apiKey=allowing.key
    )

    assert said["names"] == ["Shop", "Blog", "App"]
    assert said["etag"]
    assert len(said["traceId"]) == 32


def test_a_page_gets_problems_as_errors(browser, website, allowing):
    said = page_says(
        browser, f"http://127.0.0.1:{website}", "problem", baseUrl=allowing.url, apiKey=allowing.key
    )

    assert (said["isBadRequest"], said["code"], set(said["pointers"])) == (True, "INVALID_REQUEST", {"/name"})


def test_a_page_that_the_workspace_does_not_know_is_told_where_to_look(browser, website, allowing):
    origin = f"http://localhost:{website}"

    failed, said = page_says(browser, origin, "refused", baseUrl=allowing.url, apiKey=allowing.key)

    assert failed
    assert said.endswith(f"(is {origin} one of the workspace's cors_origins, and the server there?)")


def test_a_page_follows_a_stream_over_a_broken_connection(browser, website):
    exchanges = [
        {"status": 204, "headers": CORS},
        {"chunks": ["id: 1\ndata: one\n\n", "id: 2\nda"], "cut": 100, "headers": STREAM},
        {"chunks": ["id: 2\ndata: two\n\n", ": over\n"], "headers": STREAM},
    ]
    with serving() as server:
        url = server.play("stream", [exchange(each) for each in exchanges])
        said = page_says(
            browser, f"http://127.0.0.1:{website}", "streamed", baseUrl=url, apiKey="cm_test_suite"
        )
        asked = server.seen("stream")

    assert said == ["one", "two"]
    assert [each.method for each in asked] == ["OPTIONS", "GET", "GET"]
    assert [each.headers.get("last-event-id") for each in asked] == [None, None, "1"]
