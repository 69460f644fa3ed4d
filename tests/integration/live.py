"""A service as `make run` starts it, and owners who sign in to it, for clients that need a real server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from cloudmetrics.cli import owner
from cloudmetrics.platform.config import Settings

from .running import free_port, running

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Live:
    """Where it is, who can sign in with PASSWORD, and the key of their workspace, Acme Ltd."""

    url: str
    email: str
    key: str
    settings: Settings

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    def register(self, **body: Any) -> dict[str, Any]:
        """A new OAuth client, with its secret."""
        fields = {
            "name": "Weekly Mailer",
            "kind": "CONFIDENTIAL",
            "grant_types": ["AUTHORIZATION_CODE"],
            "redirect_uris": ["https://mailer.example/callback"],
            "scopes": ["metrics:read", "websites:full"],
        }
        response = httpx.post(
            f"{self.url}/v1/oauth-clients", json=fields | body, headers={"API-Key": self.key}, trust_env=False
        )
        assert response.status_code == 201, response.text
        data: dict[str, Any] = response.json()["data"]
        return data


@contextmanager
def live_service(data_dir: Path) -> Iterator[Settings]:
    """The settings of a service, its database included, which runs for as long as the block lasts."""
    port = free_port()
    with (
        running(data_dir, port, DEMO=0),
        owner.reachable_database(Settings(data_dir=data_dir, port=port)) as reachable,
    ):
        yield reachable


def make_owner(settings: Settings) -> Live:
    """Somebody new, with a workspace in which nothing is."""
    email = f"anna-{uuid4().hex}@example.com"
    made = asyncio.run(owner.create(settings, email, "Acme Ltd", PASSWORD))
    return Live(f"http://127.0.0.1:{settings.port}", email, made.key, settings)
