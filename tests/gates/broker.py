"""A small Pact broker: it keeps what is published, records who asked for what, and decides by what it knows.

It speaks as much of the broker's API as Pact's own verifier and we ask of it, over HTTP, and answers as
Pact's broker 2.118 was seen to answer the same requests: contracts of equal content are verified once, of a
branch only the newest counts, and a version with another content or an unknown environment is refused.
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
ENVIRONMENTS = ("production", "test")
CHANGED = "Cannot change the content of the pact for {} version {} and provider cloudmetrics"


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
                status, told = self.publish(body)
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
                status, told = self.decide({name: each[0] for name, each in parse_qs(parts.query).items()})
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

    def publish(self, body: dict[str, Any]) -> tuple[int, Any]:
        for each in body["contracts"]:
            key = each["consumerName"], body["pacticipantVersionNumber"]
            content = json.loads(base64.b64decode(each["content"]))
            if self.pacts.get(key, content) != content:
                return 409, {"notices": [{"type": "error", "text": CHANGED.format(*key)}]}
            self.pacts[key] = content
            self.branches[key] = body["branch"]
        return 200, {"notices": [], "_links": {}}

    def wanted(self, selectors: list[dict[str, Any]]) -> dict[str, Any]:
        branches = {each["branch"] for each in selectors if "branch" in each}
        newest = {
            (key[0], self.branches[key]): key for key in self.pacts if self.branches.get(key) in branches
        }
        deployed = self.deployed if any(each.get("deployedOrReleased") for each in selectors) else set()
        by_content = {
            json.dumps(self.pacts[key], sort_keys=True): key
            for key in (*sorted(deployed), *sorted(newest.values()))
        }
        pacts = [
            {
                "shortDescription": " ".join(key),
                "verificationProperties": {"notices": []},
                "_links": {"self": {"href": self.href(*key), "name": " ".join(key)}},
            }
            for key in by_content.values()
        ]
        return {"_embedded": {"pacts": pacts}, "_links": {}}

    def decide(self, asked: dict[str, str]) -> tuple[int, Any]:
        """What is deployed counts, and of a content the latest result."""
        environment, version = asked["environment"], asked["version"]
        if environment not in ENVIRONMENTS:
            return 400, {"errors": {"environment": [f"with name '{environment}' does not exist"]}}
        reasons = list(self.unverified(version, environment))
        reason = "All required verification results are published and successful"
        if not self.deployed:
            reason = "There are no missing dependencies"
        return 200, {"summary": {"deployable": not reasons, "reason": "\n".join(reasons) or reason}}

    def unverified(self, version: str, environment: str) -> Iterator[str]:
        for key in sorted(self.deployed):
            results = [
                success
                for verified, of, success in self.results
                if verified == version and self.pacts[of] == self.pacts[key]
            ]
            between = (
                f"between the version of {key[0]} currently in {environment} ({key[1]})"
                f" and version {version} of cloudmetrics"
            )
            if not results:
                yield f"There is no verified pact {between}"
            elif not results[-1]:
                yield f"The verification for the pact {between} failed"


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
