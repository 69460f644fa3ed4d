"""What becomes of a token that somebody brings back: it is revoked, or told about."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import AccessToken, InvalidToken
from cloudmetrics.accounts.oauth.models import RefreshToken
from cloudmetrics.portal.oauth.requests import OAuthRequest
from cloudmetrics.portal.oauth.server import CLIENT_METHODS, SECRET_METHODS, KnownClient
from cloudmetrics.portal.oauth.services import Services

AnyToken = RefreshToken | AccessToken


class ShownToken:
    """A token of either kind, as Authlib asks about it."""

    def __init__(self, token: AnyToken) -> None:
        self.token = token

    def check_client(self, client: KnownClient) -> bool:
        return True  # Another client's was not found at all.

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


def find_token(services: Services, client: KnownClient, text: str) -> ShownToken | None:
    """A token of this client that is good now, whatever its kind; the form tells which, not the hint."""
    refresh = services.call(
        oauth.peek_refresh_token(services.database, services.keyring, client.client.id, text)
    )
    if refresh is not None:
        return ShownToken(refresh)
    try:
        token = services.tokens.check(text)
    except InvalidToken:
        return None
    return ShownToken(token) if token.client_id == client.client.id else None


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009. Of a token that is unknown or another's it says the same as of one that it revoked."""

    CLIENT_AUTH_METHODS = CLIENT_METHODS

    def authenticate_token(self, request: OAuthRequest, client: KnownClient) -> ShownToken | None:
        self.check_params(request, client)
        return find_token(self.server.services, client, request.form["token"])

    def revoke_token(self, token: ShownToken, request: OAuthRequest) -> None:
        services: Services = self.server.services
        services.call(oauth.revoke(services.database, token.token))


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """RFC 7662, for clients that can keep a secret, about their own tokens."""

    CLIENT_AUTH_METHODS = SECRET_METHODS

    def authenticate_token(self, request: OAuthRequest, client: KnownClient) -> ShownToken | None:
        self.check_params(request, client)
        return find_token(self.server.services, client, request.form["token"])

    def introspect_token(self, token: ShownToken) -> dict[str, Any]:
        """What the token is good for at this moment, in any of its workspaces; else that it is not active."""
        services: Services = self.server.services
        found = token.token
        if isinstance(found, RefreshToken):
            scopes = services.call(oauth.scopes_of(services.database, found.consent))
            more: dict[str, Any] = {
                "client_id": str(found.consent.client_id),
                "sub": str(found.consent.user_id),
            }
        else:
            powers = services.call(oauth.powers_anywhere(services.database, found))
            scopes = frozenset[str]().union(*(each.scopes for each in powers))
            more = {
                "token_type": "Bearer",
                "client_id": str(found.client_id),
                "sub": str(found.user_id or found.client_id),
                "iss": services.base_url,
                "aud": services.base_url,
                "iat": found.issued_at,
                "exp": found.expires_at,
                "jti": str(found.id),
            }
        if not scopes:
            return {"active": False}
        return {"active": True, "scope": " ".join(sorted(scopes))} | more
