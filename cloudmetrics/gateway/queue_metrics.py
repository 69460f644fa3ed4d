"""/metrics: how the queue of background jobs stands, in the text format of Prometheus.

It is there where the operator has set a token for it, and answers whoever sends that.
"""

from __future__ import annotations

import hmac

from cloudmetrics.contract import ASGIApp, MethodNotAllowed, Receive, Scope, Send
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.jobs.store import Numbers

PATH = "/metrics"
FORMAT = b"text/plain; version=0.0.4; charset=utf-8"


def queue_metrics(database: Database, token: bytes) -> ASGIApp:
    """An ASGI app for PATH. Raises Unavailable where PostgreSQL is away."""
    expected = b"Bearer " + token

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed({"GET", "HEAD"})
        sent = dict(scope["headers"]).get(b"authorization", b"")
        known = hmac.compare_digest(sent, expected)
        content = (
            written(await store.numbers(database)).encode() if known else b"Send the token of metrics.\n"
        )
        headers = [
            (b"content-type", FORMAT),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            *([] if known else [(b"www-authenticate", b"Bearer")]),
        ]
        await send({"type": "http.response.start", "status": 200 if known else 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    return app


def written(numbers: Numbers) -> str:
    states = {
        "waiting": numbers.waiting,
        "scheduled": numbers.scheduled,
        "running": numbers.running,
        "failed": numbers.failed,
    }
    lines = [
        "# HELP cloudmetrics_jobs Background jobs: due, planned for later, at work, given up.",
        "# TYPE cloudmetrics_jobs gauge",
        *(f'cloudmetrics_jobs{{state="{state}"}} {count}' for state, count in states.items()),
        "# HELP cloudmetrics_jobs_oldest_wait_seconds How long the oldest job that is due has waited.",
        "# TYPE cloudmetrics_jobs_oldest_wait_seconds gauge",
        f"cloudmetrics_jobs_oldest_wait_seconds {max(0.0, numbers.oldest_seconds):.3f}",
    ]
    return "".join(f"{line}\n" for line in lines)
