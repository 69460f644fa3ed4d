"""The three ways to a token: a code that a person allowed, a refresh token, a client's own secret."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import LIFETIME_SECONDS
from cloudmetrics.accounts.oauth.models import Code, Consent, RefreshToken, Spent
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.requests import OAuthRequest
from cloudmetrics.portal.oauth.server import CLIENT_METHODS, SECRET_METHODS, KnownClient
from cloudmetrics.portal.oauth.services import Services

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Common:
    """What all grants share."""

    server: Any
    request: Any

    @property
    def services(self) -> Services:
        services: Services = self.server.services
        return services

    def answer_for(self, consent: Consent, grant_id: UUID, scope: str) -> dict[str, Any]:
        """The body of a token response for a person, as far as it has no refresh token.

        Raises InvalidGrantError where the person may do nothing of it any more.
        """
        services = self.services
        scopes = services.call(oauth.scopes_of(services.database, consent)) & expand(scope.split())
        if not scopes:
            raise InvalidGrantError("The person may do nothing of this.")
        token = services.tokens.issue(
            client_id=consent.client_id,
            workspace_ids=consent.workspace_ids,
            scopes=scopes,
            user_id=consent.user_id,
            grant_id=grant_id,
        )
        return answer(token, consent.workspace_ids, scopes)


def answer(token: str, workspace_ids: tuple[UUID, ...], scopes: frozenset[str]) -> dict[str, Any]:
    """The body of a token response."""
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "scope": " ".join(sorted(scopes)),
        "workspace_ids": [str(each) for each in workspace_ids],
    }


class ShownCode:
    """A code, as Authlib asks about it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code) -> None:
        self.code = code
        self.code_challenge = code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return " ".join(sorted(self.code.consent.scopes))


class CodeGrant(Common, AuthorizationCodeGrant):  # type: ignore[misc]
    """A code, good once, for a minute, for whoever has the verifier of its challenge."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuthRequest, client: KnownClient) -> str:
        """Nobody is sent anywhere but to a registered address. Raises InvalidRequestError."""
        uri: str | None = request.payload.redirect_uri
        if not uri:
            raise InvalidRequestError("Missing 'redirect_uri' in request.")
        if not client.check_redirect_uri(uri):
            raise InvalidRequestError("The client has not registered this 'redirect_uri'.")
        return uri

    def generate_authorization_code(self) -> str:
        """Authlib makes a code and has it saved then; here both are one."""
        services, payload = self.services, self.request.payload
        return services.call(
            oauth.allow(
                services.database,
                services.keyring,
                self.request.user,
                redirect_uri=payload.redirect_uri,
                challenge=payload.data["code_challenge"],
                address=client_address(),
            )
        )

    def save_authorization_code(self, code: str, request: OAuthRequest) -> None:
        """It is saved already."""

    def query_authorization_code(self, code: str, client: KnownClient) -> ShownCode | None:
        services = self.services
        found = services.call(oauth.find_code(services.database, services.keyring, client.client.id, code))
        return ShownCode(found) if found else None

    def authenticate_user(self, authorization_code: ShownCode) -> Consent:
        return authorization_code.code.consent

    def generate_token(self, user: Consent, scope: str, **_: object) -> dict[str, Any]:
        code: Code = self.request.authorization_code.code
        return self.answer_for(user, code.grant_id, scope)

    def save_token(self, token: dict[str, Any]) -> None:
        """Uses the code up. Raises InvalidGrantError where somebody else was faster."""
        services = self.services
        try:
            token["refresh_token"] = services.call(
                oauth.redeem(services.database, services.keyring, self.request.authorization_code.code)
            )
        except Spent:
            raise InvalidGrantError("Invalid 'code' in request.") from None

    def delete_authorization_code(self, authorization_code: ShownCode) -> None:
        """It is kept, so that a second use is recognised."""


class ShownRefreshToken:
    """A refresh token, as Authlib asks about it."""

    def __init__(self, token: RefreshToken) -> None:
        self.token = token

    def check_client(self, client: KnownClient) -> bool:
        return client.client.id == self.token.consent.client_id

    def get_scope(self) -> str:
        return " ".join(sorted(expand(self.token.consent.scopes)))


class RefreshGrant(Common, RefreshTokenGrant):  # type: ignore[misc]
    """A refresh token, replaced by each use."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> ShownRefreshToken | None:
        services, client_id = self.services, self.request.client.client.id
        found = services.call(
            oauth.find_refresh_token(services.database, services.keyring, client_id, refresh_token)
        )
        return ShownRefreshToken(found) if found else None

    def authenticate_user(self, refresh_token: ShownRefreshToken) -> Consent:
        return refresh_token.token.consent

    def issue_token(self, user: Consent, refresh_token: ShownRefreshToken) -> dict[str, Any]:
        asked = self.request.payload.scope or refresh_token.get_scope()
        return self.answer_for(user, refresh_token.token.grant_id, asked)

    def save_token(self, token: dict[str, Any]) -> None:
        """Uses the refresh token up. Raises InvalidGrantError where somebody else was faster."""
        services = self.services
        try:
            token["refresh_token"] = services.call(
                oauth.rotate(services.database, services.keyring, self.request.refresh_token.token)
            )
        except Spent:
            raise InvalidGrantError from None

    def revoke_old_credential(self, refresh_token: ShownRefreshToken) -> None:
        """It was used up when the new one was made."""


class SecretGrant(Common, ClientCredentialsGrant):  # type: ignore[misc]
    """A client acts for the workspace that registered it."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def generate_token(self, scope: str | None, **_: object) -> dict[str, Any]:
        """Raises InvalidScopeError."""
        client: KnownClient = self.request.client
        allowed = client.get_allowed_scope(scope)
        if not allowed:
            raise InvalidScopeError
        scopes, workspace_ids = frozenset(allowed.split()), (client.client.workspace_id,)
        token = self.services.tokens.issue(
            client_id=client.client.id, workspace_ids=workspace_ids, scopes=scopes
        )
        return answer(token, workspace_ids, scopes)


class S256(CodeChallenge):  # type: ignore[misc]
    """PKCE, which every client needs, by the one method that is worth something."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Raises InvalidRequestError."""
        data = grant.request.payload.data
        if data.get("code_challenge_method") != "S256":
            # Left out, it would mean `plain`.
            raise InvalidRequestError("'code_challenge_method' must be S256.")
        if not CHALLENGE.fullmatch(data.get("code_challenge", "")):
            raise InvalidRequestError("'code_challenge' must be the base64url of a SHA-256.")
