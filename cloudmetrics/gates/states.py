"""Provider states: what consumers' contracts say of a server before a request, made through its own API.

A state gives the ids that the server chose, which the verifier puts in the place of a contract's examples.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import orjson

State = Callable[[httpx.Client, Mapping[str, Any]], dict[str, Any]]


def website(client: httpx.Client, told: Mapping[str, Any]) -> dict[str, Any]:
    """A website, of the `name` and `domain` that the contract tells, if it does."""
    body = {"name": told.get("name", "Shop"), "domain": told.get("domain", f"{uuid4().hex}.example.com")}
    return {"website_id": made(client, "/v1/websites", body)["id"]}


def website_with_key(client: httpx.Client, told: Mapping[str, Any]) -> dict[str, Any]:
    """A website that was made by a request with the Idempotency-Key `key`."""
    body = {"name": told["name"], "domain": told["domain"]}
    return {"website_id": made(client, "/v1/websites", body, {"Idempotency-Key": told["key"]})["id"]}


def goal(client: httpx.Client, told: Mapping[str, Any]) -> dict[str, Any]:
    """A website with one goal: `name`, the event `signup`."""
    context = website(client, {})
    condition = {"kind": "EVENT", "event_name": "signup"}
    body = {"website_id": context["website_id"], "name": told["name"], "condition": condition}
    return context | {"goal_id": made(client, "/v1/goals", body)["id"]}


def pageviews(client: httpx.Client, told: Mapping[str, Any]) -> dict[str, Any]:
    """A website with a number of pageviews of each of `visitors`, a minute apart, from noon of `day`."""
    context = website(client, {})
    events = [
        {
            "id": uuid4().hex,
            "name": "pageview",
            "timestamp": f"{told['day']}T12:{minute:02}:00Z",
            "website_id": context["website_id"],
            "visitor_id": visitor,
        }
        for visitor, count in told["visitors"].items()
        for minute in range(count)
    ]
    made(client, "/v1/events", {"events": events})
    return context


def made(
    client: httpx.Client, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the server made. Raises HTTPStatusError."""
    # A key stands for the bytes of a body, and the verifier sends its names in this order.
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    answer = client.post(
        path, content=content, headers={"Content-Type": "application/json", **(headers or {})}
    )
    answer.raise_for_status()
    data: dict[str, Any] = answer.json()["data"]
    return data


STATES: dict[str, State] = {
    "a goal": goal,
    "a website": website,
    "a website made with a key": website_with_key,
    "pageviews": pageviews,
}


@contextmanager
def listening(client: httpx.Client, problems: dict[str, str]) -> Iterator[str]:
    """The address at which the verifier asks for states, for the time of the block.

    Why a state could not be made is put into `problems`, since the verifier tells only that it was not.
    """

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, context = 200, enter(client, asked["state"], asked["params"])
            except (UnknownState, httpx.HTTPError, KeyError) as error:
                problems[asked["state"]] = f"the state {asked['state']!r} could not be made: {error}"
                # After a 5xx the verifier would try again for minutes.
                status, context = 400, {}
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(orjson.dumps(context))

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class UnknownState(Exception):
    """No state has this name."""


def enter(client: httpx.Client, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the state gives. A contract that needs none asks for one without a name. Raises UnknownState."""
    if not name:
        return {}
    if name not in STATES:
        raise UnknownState(f"cloudmetrics/gates/states.py knows {', '.join(STATES)}")
    return STATES[name](client, told)
