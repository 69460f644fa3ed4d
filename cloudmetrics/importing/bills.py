"""Sends a cloud bill to `POST /v1/costs/imports`, and waits until it is loaded."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson

from cloudmetrics.importing.sending import RETRIED, SendFailed, explain, open_client, unreachable

GZIP_MAGIC = b"\x1f\x8b"
PIECE = 2**18
PAUSE_SECONDS = 0.3
OVER = frozenset({"SUCCEEDED", "FAILED"})

# Called with a word for what is done, how much of it, and how much there is.
Progress = Callable[[str, float, float], None]
Import = dict[str, Any]


def import_bill(
    path: Path,
    base_url: str,
    key: str,
    *,
    on_error: str = "SKIP",
    patience: float | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Import:
    """Sends a FOCUS file, plain or gzip, and returns the import as it ended.

    Safe to repeat: a bill takes the place of the same one. `patience` is how many seconds
    to wait for a worker at most. Raises OSError for a file that cannot be read, and
    SendFailed where the server refuses, stays away, or takes too long.
    """
    with open_client(base_url, key) as client:
        sent = _send(client, path, on_error, progress)
        return _await(client, sent, patience, progress)


def _send(client: httpx.Client, path: Path, on_error: str, progress: Progress) -> Import:
    total = path.stat().st_size

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
                progress("Sending", file.tell(), total)

    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    headers = {
        "Content-Type": "application/gzip" if packed else "text/csv",
        "Content-Length": str(total),
    }
    try:
        response = client.post(
            "v1/costs/imports", content=pieces(), headers=headers, params={"on_error": on_error}
        )
    except httpx.TransportError as error:
        raise SendFailed(unreachable(client, error)) from error
    if response.status_code != 202:
        raise SendFailed(explain(response))
    return _import(client, response)


def _await(client: httpx.Client, state: Import, patience: float | None, progress: Progress) -> Import:
    deadline = None if patience is None else time.monotonic() + patience
    while state["status"] not in OVER:
        progress("Waiting" if state["status"] == "PENDING" else "Loading", state["progress"], 1)
        if deadline is not None and time.monotonic() > deadline:
            raise SendFailed(f"The import {state['id']} is not done yet: is a worker running?")
        time.sleep(PAUSE_SECONDS)
        try:
            response = client.get(f"v1/costs/imports/{state['id']}")
        except httpx.TransportError as error:
            raise SendFailed(f"{unreachable(client, error)} The file is in, and will be loaded.") from error
        if response.status_code in RETRIED:
            time.sleep(float(response.headers.get("Retry-After") or 1))
        elif response.status_code != 200:
            raise SendFailed(explain(response))
        else:
            state = _import(client, response)
    return state


def _import(client: httpx.Client, response: httpx.Response) -> Import:
    try:
        found: Import = orjson.loads(response.content)["data"]
    except (orjson.JSONDecodeError, LookupError, TypeError) as error:
        raise SendFailed(f"{client.base_url} answers, but it is not CloudMetrics.") from error
    return found
