"""Authlib's authorization server, put upon our services: it judges requests, they know and remember."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer as AuthlibServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from flask import Response, json, request

from cloudmetrics.accounts.oauth.models import Consent
from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.accounts.oauth_clients.models import Client
from cloudmetrics.accounts.scopes import SCOPES, expand
from cloudmetrics.portal.oauth.requests import OAuthRequest, require_resource
from cloudmetrics.portal.oauth.services import Services

AUTHORIZE = "/oauth/authorize"
SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
CLIENT_METHODS = [*SECRET_METHODS, "none"]
GRANT_TYPES = {
    "authorization_code": "AUTHORIZATION_CODE",
    "refresh_token": "AUTHORIZATION_CODE",
    "client_credentials": "CLIENT_CREDENTIALS",
}


class KnownClient(ClientMixin):  # type: ignore[misc]
    """One of our clients, as Authlib asks about it."""

    def __init__(self, services: Services, client: Client) -> None:
        self.services = services
        self.client = client

    def get_client_id(self) -> str:
        return str(self.client.id)

    def get_default_redirect_uri(self) -> None:
        """None: a request says where to, always."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes that are asked for, else all of the client's; None where one is not the client's."""
        wanted = frozenset((scope or "").split()) or self.client.scopes
        return " ".join(sorted(wanted)) if wanted <= expand(self.client.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self.client.allows_redirect(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        services = self.services
        return services.call(
            clients.has_secret(services.database, services.keyring, self.client, client_secret)
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.client.kind == "PUBLIC")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return GRANT_TYPES.get(grant_type) in self.client.grant_types


class Server(AuthlibServer):  # type: ignore[misc]
    """The authorization server of one deployment."""

    def __init__(self, services: Services) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self.services = services
        self.register_client_auth_method("client_secret_basic", _authenticate_basic)

    def query_client(self, client_id: str) -> KnownClient | None:
        found = self.services.call(clients.find(self.services.database, client_id))
        return KnownClient(self.services, found) if found else None

    def create_oauth2_request(self, _: object) -> OAuthRequest:
        values = request.args if request.path == AUTHORIZE else request.form
        made = OAuthRequest(request, values)
        require_resource(values, self.services.base_url)
        return made

    def answer_to(self, grant: Any, consent: Consent | None) -> Response:
        """Back to the client, with a code or with the news that the person said no."""
        response: Response = self.create_authorization_response(grant_user=consent, grant=grant)
        return response

    def handle_response(self, status: int, payload: Any, headers: Iterable[tuple[str, str]]) -> Response:
        """A response of Authlib's; one that leads to a client says who sends it there."""
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        response = Response(body, status, list(headers))
        if "Location" in response.headers:
            # 303, so that no browser sends the form, and what is in it, on to the client.
            response.status_code = 303
            # RFC 9207: a client of several servers can tell whose answer it got.
            named = add_params_to_uri(response.headers["Location"], [("iss", self.services.base_url)])
            response.headers["Location"] = named
        return response

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Access tokens are not kept. Refresh tokens are: their grants see to it."""


def _authenticate_basic(query_client: Any, request: OAuthRequest) -> Any:
    try:
        return authenticate_client_secret_basic(query_client, request)
    except ValueError:  # Bytes that are no text.
        return None
