"""A small Pact broker: it keeps what is published, records who asked for what, and decides by what it knows.

It speaks as much of the broker's API as Pact's own verifier and we ask of it, over HTTP.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "broker-token"


@dataclass
class Broker:
    """`pacts` are contracts by consumer and version, `results` what was verified, by the provider's version.

    `deployed` names the contracts of consumers that are in production.
    """

    url: str = ""
    pacts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    branches: dict[tuple[str, str], str] = field(default_factory=dict)
    deployed: set[tuple[str, str]] = field(default_factory=set)
    results: list[tuple[str, tuple[str, str], bool]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def answer(self, method: str, url: str, body: dict[str, Any]) -> tuple[int, Any]:
        parts = urlsplit(url)
        status, told = 200, {}
        match method, [unquote(each) for each in parts.path.strip("/").split("/")]:
            case "GET", [""]:
                told = {"_links": self.links()}
            case "POST", ["contracts", "publish"]:
                self.publish(body)
            case "GET", ["pacts", "provider", _, "for-verification"]:
                told = {"_links": {"self": {"href": url}}}
            case "POST", ["pacts", "provider", _, "for-verification"]:
                told = self.wanted(body["consumerVersionSelectors"])
            case "GET", ["pacts", "provider", _, "consumer", consumer, "version", version]:
                told = self.pacts[consumer, version] | {"_links": self.links_of(consumer, version)}
            case "POST", ["results", consumer, version]:
                key = consumer, version
                self.results.append((body["providerApplicationVersion"], key, body["success"]))
            case "GET", ["pacticipants", name]:
                version = f"{self.url}/pacticipants/{name}/branches/{{branch}}/versions/{{version}}"
                told = {"_links": {"pb:branch-version": {"href": version, "templated": True}}}
            case "PUT", ["pacticipants", _, "branches", _, "versions", _]:
                pass
            case "GET", ["can-i-deploy"]:
                told = self.decide({name: each[0] for name, each in parse_qs(parts.query).items()})
            case _:
                status, told = 404, {"error": f"there is no {method} {parts.path}"}
        return status, told

    def links(self) -> dict[str, Any]:
        verify = f"{self.url}/pacts/provider/{{provider}}/for-verification"
        return {
            "pb:publish-contracts": {"href": f"{self.url}/contracts/publish"},
            "pb:provider-pacts-for-verification": {"href": verify, "templated": True},
        }

    def links_of(self, consumer: str, version: str) -> dict[str, Any]:
        return {
            "self": {"href": self.href(consumer, version), "name": f"{consumer} {version}"},
            "pb:provider": {"href": f"{self.url}/pacticipants/cloudmetrics"},
            "pb:publish-verification-results": {"href": f"{self.url}/results/{consumer}/{version}"},
        }

    def href(self, consumer: str, version: str) -> str:
        return f"{self.url}/pacts/provider/cloudmetrics/consumer/{consumer}/version/{version}"

    def publish(self, body: dict[str, Any]) -> None:
        for each in body["contracts"]:
            key = each["consumerName"], body["pacticipantVersionNumber"]
            self.pacts[key] = json.loads(base64.b64decode(each["content"]))
            self.branches[key] = body["branch"]

    def wanted(self, selectors: list[dict[str, Any]]) -> dict[str, Any]:
        branches = {each["branch"] for each in selectors if "branch" in each}
        keys = {key for key in self.pacts if self.branches.get(key) in branches}
        if any(each.get("deployedOrReleased") for each in selectors):
            keys |= self.deployed
        pacts = [
            {
                "shortDescription": " ".join(key),
                "verificationProperties": {"pending": False, "notices": []},
                "_links": {"self": {"href": self.href(*key), "name": " ".join(key)}},
            }
            for key in sorted(keys)
        ]
        return {"_embedded": {"pacts": pacts}, "_links": {}}

    def decide(self, asked: dict[str, str]) -> dict[str, Any]:
        """The latest result counts; all of them have to be there."""
        matrix = {key: success for version, key, success in self.results if version == asked["version"]}
        missing = [f"{key[0]} {key[1]}" for key in sorted(self.deployed) if not matrix.get(key)]
        reason = f"not verified: {', '.join(missing)}" if missing else "all is verified"
        return {"summary": {"deployable": not missing and bool(matrix), "reason": reason}}


@contextmanager
def running() -> Iterator[Broker]:
    broker = Broker()

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            broker.requests.append(f"{self.command} {urlsplit(self.path).path}")
            status, told = 401, {"error": "who are you?"}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, told = broker.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/hal+json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        broker.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield broker
        server.shutdown()
        thread.join()
