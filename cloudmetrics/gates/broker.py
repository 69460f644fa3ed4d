"""A Pact broker, over HTTP: contracts are published there, and it decides what may be deployed.

PACT_BROKER_URL names it, PACT_BROKER_TOKEN is its bearer token, and PACT_ENVIRONMENT (`production`) where the
version is to go.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from cloudmetrics.gates import tools
from cloudmetrics.gates.models import GateBroken, Project

SETTINGS = "see that PACT_BROKER_URL and PACT_BROKER_TOKEN are right, and run the gate again"
# What mends a refusal, by its status.
CURES = {
    400: "see that PACT_ENVIRONMENT names an environment that the broker knows",
    409: "commit what changed and run the gate again: a version stands for one content",
}


class Refused(Exception):
    """The broker did not answer, or not with what was asked of it. `cure` says what to do about it."""

    def __init__(self, what: str, cure: str = SETTINGS) -> None:
        super().__init__(what)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Broker:
    """`version` is what both the contracts and the server that keeps them are published with."""

    url: str
    version: str
    branch: str
    environment: str
    token: str | None = field(repr=False, default=None)

    @classmethod
    def configured(cls, project: Project) -> Broker | None:
        """None without PACT_BROKER_URL. Raises GateBroken."""
        if not (url := os.environ.get("PACT_BROKER_URL")):
            return None
        commit = git(project, "rev-parse", "--short=12", "HEAD")
        branch = os.environ.get("GITHUB_HEAD_REF") or os.environ.get("GITHUB_REF_NAME")
        return cls(
            url.rstrip("/") + "/",
            f"{project.contract.version}+{commit}",
            branch or git(project, "rev-parse", "--abbrev-ref", "HEAD"),
            os.environ.get("PACT_ENVIRONMENT") or "production",
            os.environ.get("PACT_BROKER_TOKEN") or None,
        )

    def told(self) -> dict[str, Any]:
        """What the verifier needs to know of it."""
        return {"url": self.url, "token": self.token, "version": self.version, "branch": self.branch}

    def publish(self, consumer: str, provider: str, content: bytes) -> None:
        """Publishes a consumer's contract under this version. Raises Refused."""
        contract = {
            "consumerName": consumer,
            "providerName": provider,
            "specification": "pact",
            "contentType": "application/json",
            "content": base64.b64encode(content).decode(),
        }
        links = self.ask("GET", "").get("_links", {})
        path = links.get("pb:publish-contracts", {}).get("href", "contracts/publish")
        body = {
            "pacticipantName": consumer,
            "pacticipantVersionNumber": self.version,
            "branch": self.branch,
            "contracts": [contract],
        }
        self.ask("POST", path, json=body)

    def can_i_deploy(self, provider: str) -> tuple[bool, str]:
        """Whether the provider's version may go to the environment, and why (not). Raises Refused."""
        question = {"pacticipant": provider, "version": self.version, "environment": self.environment}
        summary = self.ask("GET", "can-i-deploy", params=question).get("summary", {})
        return summary.get("deployable") is True, str(summary.get("reason", "it gives no reason"))

    def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The broker's answer. A link to another host than its own never gets the token. Raises Refused."""
        url = urljoin(self.url, path)
        if httpx.URL(url).netloc != httpx.URL(self.url).netloc:
            raise Refused(f"the broker leads to {url}, which is elsewhere")
        headers = {"Accept": "application/hal+json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            answer = httpx.request(method, url, headers=headers, timeout=30, **more)
            answer.raise_for_status()
            told = answer.json()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            what = f"the broker answers {status} to {method} {url}: {said(error.response)}"
            raise Refused(what, CURES.get(status, SETTINGS)) from None
        except (httpx.HTTPError, ValueError) as error:
            raise Refused(f"the broker does not answer {method} {url} as one: {error}") from None
        if not isinstance(told, dict):
            raise Refused(f"the broker does not answer {method} {url} as one")
        return told


def said(answer: httpx.Response) -> str:
    """What a refusal says to people, shortened: brokers write `notices`, `errors` by field, or an `error`."""
    try:
        told = answer.json()
        texts = [notice["text"] for notice in told.get("notices", ())]
        fields = told.get("errors") or {}
        texts += [f"{field} {' and '.join(whys)}" for field, whys in fields.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        texts = []
    return ("; ".join(texts) or answer.text.strip())[:300]


def git(project: Project, *arguments: str) -> str:
    """What git says of the project. Raises GateBroken."""
    finished = tools.run(["git", "-C", project.root, *arguments])
    if finished.returncode:
        raise GateBroken(f"git cannot tell which version is published: {finished.stderr.strip()}")
    return finished.stdout.strip()
