"""The links that reports are mailed with: whoever has one sees the PDF, without an account."""

from __future__ import annotations

from cloudmetrics.contract import MethodNotAllowed, Receive, Scope, Send
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.reports.runs import service as runs
from cloudmetrics.reports.runs.letters import file_name

PREFIX = runs.LINKS


class ReportLinks:
    """An ASGI app for what lies below PREFIX. Raises NotFound, the same for whatever is wrong with a link."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed({"GET", "HEAD"})
        token = scope["path"].removeprefix(PREFIX)
        run, pdf = await runs.open_link(self._database, self._keyring, token)
        headers = [
            (b"content-type", b"application/pdf"),
            (b"content-length", str(len(pdf)).encode()),
            (b"content-disposition", f'inline; filename="{file_name(run, "pdf")}"'.encode()),
            # The address is a secret: it stays out of shared caches, other sites' logs, and search engines.
            (b"cache-control", b"private, no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-robots-tag", b"noindex"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else pdf})
