"""Headers that keep the portal's pages to themselves."""

from __future__ import annotations

from flask import Response, request

PAGES = "default-src 'none'; style-src 'self'; img-src 'self' data:"
# Swagger UI styles elements from its script, draws its icons as data, and calls this server.
SWAGGER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'"
)
ALWAYS = "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def protect(response: Response) -> Response:
    """No foreign script, style, frame or form; Swagger UI alone may run its own scripts."""
    swagger = request.path == "/api/docs" or request.path.startswith("/api/docs/")
    response.headers["Content-Security-Policy"] = (SWAGGER if swagger else PAGES) + ALWAYS
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
