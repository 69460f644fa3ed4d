"""A service as `make run` starts it, with an owner who can sign in; for clients that need a real server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cloudmetrics.cli import owner
from cloudmetrics.platform.config import Settings

from .running import free_port, running

EMAIL = "anna@example.com"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Live:
    """Where it is, and the key of its owner."""

    url: str
    key: str
    settings: Settings

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
def live_service(data_dir: Path) -> Iterator[Live]:
    port = free_port()
    with running(data_dir, port, DEMO=0) as service:
        settings = Settings(data_dir=data_dir, port=port)
        with owner.reachable_database(settings) as reachable:
            made = asyncio.run(owner.create(reachable, EMAIL, "Acme Ltd", PASSWORD))
            yield Live(service.url, made.key, reachable)
