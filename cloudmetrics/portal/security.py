"""Headers that keep the portal's pages to themselves."""

from __future__ import annotations

from flask import Response, g, request

PAGES = "default-src 'none'; style-src 'self'; img-src 'self' data:"
# Swagger UI styles elements from its script, draws its icons as data, and calls this server.
SWAGGER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'"
)
ALWAYS = "; base-uri 'none'; frame-ancestors 'none'"


def protect(response: Response) -> Response:
    """No foreign script, style, frame or form; Swagger UI alone may run its own scripts."""
    swagger = request.path == "/api/docs" or request.path.startswith("/api/docs/")
    policy = (SWAGGER if swagger else PAGES) + ALWAYS
    response.headers["Content-Security-Policy"] = f"{policy}; form-action {_form_targets()}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _form_targets() -> str:
    """Where forms may lead: on pages for people to us, and on from there where a page says so."""
    if not request.path.startswith(("/oauth/", "/account")):
        return "'none'"
    return f"'self' {g.form_target}" if "form_target" in g else "'self'"
