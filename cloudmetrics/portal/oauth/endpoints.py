"""What programs call: tokens, revocation, introspection, and the documents that describe them."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, jsonify, request

from cloudmetrics.accounts.scopes import SCOPES
from cloudmetrics.portal.oauth.grants import S256, CodeGrant, RefreshGrant, SecretGrant
from cloudmetrics.portal.oauth.server import AUTHORIZE, CLIENT_METHODS, SECRET_METHODS, Server
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.tokens import Introspection, Revocation

# A key is in the set a month before it signs, and a month after.
KEYS_SECONDS = 3600
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"


def make_server(services: Services) -> Server:
    server = Server(services)
    server.register_grant(CodeGrant, [S256(required=True)])
    server.register_grant(RefreshGrant)
    server.register_grant(SecretGrant)
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)
    return server


def add_endpoints(programs: Blueprint, services: Services, server: Server, issuers: list[str]) -> None:
    """`issuers` are all authorization servers whose tokens the API takes, this one first."""

    @programs.post("/oauth/token")
    def token() -> Response:
        return _private(server.create_token_response())

    @programs.post("/oauth/revoke")
    def revoke() -> Response:
        return _private(server.create_endpoint_response("revocation"))

    @programs.post("/oauth/introspect")
    def introspect() -> Response:
        return _private(server.create_endpoint_response("introspection"))

    @programs.get("/oauth/jwks")
    def keys() -> Response:
        return _public(services.tokens.keys.public_set(), KEYS_SECONDS)

    @programs.get(AUTHORIZATION_SERVER)
    def authorization_server() -> Response:
        return _public(describe_server(services.base_url), KEYS_SECONDS)

    @programs.get(PROTECTED_RESOURCE)
    def protected_resource() -> Response:
        return _public(describe_resource(services.base_url, issuers), KEYS_SECONDS)

    @programs.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> Response:
        return _private(server.handle_error_response(None, error))

    @programs.after_request
    def open_to_scripts(response: Response) -> Response:
        # No cookie counts here, so a page may call us from anywhere, as clients in browsers do.
        response.headers["Access-Control-Allow-Origin"] = "*"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        return response


def describe_server(base_url: str) -> dict[str, Any]:
    """The metadata of the authorization server (RFC 8414)."""
    return {
        "issuer": base_url,
        "authorization_endpoint": base_url + AUTHORIZE,
        "token_endpoint": f"{base_url}/oauth/token",
        "revocation_endpoint": f"{base_url}/oauth/revoke",
        "introspection_endpoint": f"{base_url}/oauth/introspect",
        "jwks_uri": f"{base_url}/oauth/jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": CLIENT_METHODS,
        "revocation_endpoint_auth_methods_supported": CLIENT_METHODS,
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{base_url}/docs",
        "ui_locales_supported": ["en"],
    }


def describe_resource(base_url: str, issuers: list[str]) -> dict[str, Any]:
    """The metadata of the API as a protected resource (RFC 9728)."""
    return {
        "resource": base_url,
        "resource_name": "CloudMetrics API",
        "authorization_servers": issuers,
        "scopes_supported": sorted(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{base_url}/docs/reference",
    }


def _public(document: dict[str, Any], seconds: int) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
