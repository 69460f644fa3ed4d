"""Cross-origin calls: pages of those origins that a workspace lists may read its answers.

A preflight carries no credential, so it cannot know the workspace, and allows
every origin to ask: what it allows is worth nothing without a key. Whether a
page may read the answer is decided there, by the caller's workspace. Answers to
strangers hold nothing of anybody's, and may be read from everywhere.
"""

from __future__ import annotations

from cloudmetrics.contract import Grant, Scope

Headers = list[tuple[bytes, bytes]]

BASES = ("/v1/", "/api/v1/")
ANY = "*"

PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"API-Key, Authorization, Content-Type, Accept-Version, Idempotency-Key, If-Match, If-None-Match, "
        b"Last-Event-ID, Prefer, X-Tenant-Id, X-Request-ID, X-Correlation-ID, traceparent, tracestate",
    ),
    (b"access-control-max-age", b"7200"),
]
EXPOSED = (
    b"access-control-expose-headers",
    b"X-Request-ID, X-Correlation-ID, traceparent, API-Version, Location, Link, ETag, Retry-After, "
    b"WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit-Policy, "
    b"RateLimit, Deprecation, Sunset",
)


def origin_of(scope: Scope) -> bytes | None:
    """The origin of the page that calls the API; None where it is no page of another origin, or no API."""
    if not scope["path"].startswith(BASES):
        return None
    return next((value for name, value in scope["headers"] if name == b"origin"), None)


def is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


def preflight(origin: bytes) -> Headers:
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin"), *PREFLIGHT]


def answer(origin: bytes, grant: Grant | None) -> Headers:
    """What lets the page read an answer, or does not."""
    vary = (b"vary", b"Origin")
    allowed = grant.caller.cors_origins if grant is not None else (ANY,)
    if ANY in allowed or origin.decode("latin-1") in allowed:
        return [(b"access-control-allow-origin", origin), vary, EXPOSED]
    return [vary]
