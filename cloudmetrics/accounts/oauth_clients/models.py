"""OAuth clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.accounts.oauth_clients.redirects import same_place
from cloudmetrics.platform.clock import iso

Kind = Literal["PUBLIC", "CONFIDENTIAL"]
GrantType = Literal["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS"]


@dataclass(frozen=True, slots=True)
class Client:
    """A program, registered by a workspace.

    A CONFIDENTIAL one keeps a secret on a server; a PUBLIC one, in a browser
    or on a phone, has none. `scopes` is the most that it may ever be given.
    """

    id: UUID
    workspace_id: UUID
    name: str
    kind: Kind
    grant_types: tuple[GrantType, ...]
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    created_at: datetime
    updated_at: datetime

    def allows_redirect(self, uri: str) -> bool:
        """Whether a code may be sent there: exactly where the client registered, but see `same_place`."""
        return any(same_place(registered, uri) for registered in self.redirect_uris)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "kind": self.kind,
            "grant_types": list(self.grant_types),
            "redirect_uris": list(self.redirect_uris),
            "scopes": sorted(self.scopes),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


@dataclass(frozen=True, slots=True)
class ClientWithSecret:
    """A client at the one moment at which its secret is shown; a public one has none."""

    client: Client
    secret: str | None

    @property
    def id(self) -> UUID:
        return self.client.id

    def to_json(self) -> dict[str, Any]:
        return self.client.to_json() | {"secret": self.secret}


class InvalidClient(Exception):
    """What was sent cannot be a client. `field` names the field, `index` the place in it, if it is a list."""

    def __init__(self, field: str, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.pointer = f"/{field}" if index is None else f"/{field}/{index}"


class ClientHasNoSecret(Exception):
    """A public client has no secret that could be rotated."""

    def __init__(self) -> None:
        super().__init__("The client is public, so it has no secret.")
