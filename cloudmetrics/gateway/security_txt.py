"""/.well-known/security.txt: where to report a weakness (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta

from cloudmetrics.contract import ASGIApp, MethodNotAllowed, Receive, Scope, Send
from cloudmetrics.platform import clock

PATH = "/.well-known/security.txt"
# The file must say when to look again, in less than a year.
VALID = timedelta(days=180)


def security_txt(contact: str, base_url: str) -> ASGIApp:
    """An ASGI app for PATH. `contact` is a `mailto:` or `https:` address."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed({"GET", "HEAD"})
        expires = (clock.now() + VALID).replace(hour=0, minute=0, second=0, microsecond=0)
        lines = [
            f"Contact: {contact}",
            f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
            "Preferred-Languages: en",
            f"Canonical: {base_url}{PATH}",
        ]
        content = "".join(f"{line}\r\n" for line in lines).encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"max-age=86400"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    return app
