"""From what a person typed to a website, its domain and its keys: where data goes to, or comes from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from cloudmetrics.importing.sending import SendFailed, explain, open_client, unreachable


@dataclass(frozen=True)
class Target:
    """A website, the key that sends its events, and the one that reads them."""

    website_id: str
    name: str
    domain: str
    key: str
    reading_key: str


@dataclass(frozen=True)
class _Access:
    """A workspace as its keys open it; `name` is empty for one that is not in demo.json."""

    name: str
    website_id: str
    reading_key: str
    sending_key: str


def find_target(base_url: str, website: str, key: str, demo_file: Path) -> Target:
    """Finds a website by its id, name or domain, or by the name of its demo workspace.

    Without a `key` all demo workspaces are searched. A key that may only send
    events cannot look up the website, so that one of demo.json is read with its
    workspace's own reading key. Raises SendFailed.
    """
    wanted = website.strip().lower()
    seen: list[str] = []
    for access in _accesses(key, demo_file):
        for found in _websites(base_url, access.reading_key):
            names = {found["id"], found["name"].lower(), found["domain"]}
            if found["id"] == access.website_id:
                names.add(access.name.lower())
            if wanted in names:
                keys = (access.sending_key, access.reading_key)
                return Target(found["id"], found["name"], found["domain"], *keys)
            seen.append(found["name"])
    known = f" There is: {', '.join(seen[:10])}." if seen else " The workspace has none yet."
    raise SendFailed(f"There is no website {website!r}.{known}")


def demo_key(demo_file: Path) -> str:
    """The key that may do everything in the demo workspace. Raises SendFailed where there is none."""
    workspaces = _demo_workspaces(demo_file)
    if not workspaces:
        raise SendFailed(f"No key: there is no {demo_file}, so say which one to use (KEY=cm_live_…).")
    key: str = workspaces[0]["keys"]["full"]
    return key


def _accesses(key: str, demo_file: Path) -> list[_Access]:
    workspaces = _demo_workspaces(demo_file)
    if not key and not workspaces:
        raise SendFailed(f"No key: there is no {demo_file}, so say which one to use (KEY=cm_live_…).")
    accesses = [
        _Access(each["name"], each["website_id"], each["keys"]["read"], key or each["keys"]["ingest"])
        for each in workspaces
        # The workspace's test key opens the sandbox, which has websites of its own.
        if not key or key in (each["keys"]["full"], each["keys"]["read"], each["keys"]["ingest"])
    ]
    return accesses or [_Access("", "", key, key)]


def _demo_workspaces(demo_file: Path) -> list[dict[str, Any]]:
    try:
        workspaces: list[dict[str, Any]] = json.loads(demo_file.read_text(encoding="utf-8"))["workspaces"]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SendFailed(f"{demo_file} cannot be read: {error.strerror}.") from error
    except (ValueError, LookupError, TypeError) as error:
        raise SendFailed(f"{demo_file} is damaged: remove it, or say which key to use (KEY=…).") from error
    return workspaces


def _websites(base_url: str, key: str) -> Iterator[dict[str, Any]]:
    """All websites that the key sees, page by page."""
    with open_client(base_url, key) as client:
        parameters = {"limit": "1000"}
        while True:
            page = _read(client, parameters)
            yield from page["data"]
            cursor = page["pagination"]["next_cursor"]
            if cursor is None:
                return
            parameters["cursor"] = cursor


def _read(client: httpx.Client, parameters: dict[str, str]) -> dict[str, Any]:
    try:
        response = client.get("v1/websites", params=parameters)
    except httpx.TransportError as error:
        raise SendFailed(unreachable(client, error)) from error
    if response.status_code == 403:
        raise SendFailed("This key may not read websites: use one with websites:read as well.")
    if response.status_code != 200:
        raise SendFailed(explain(response))
    try:
        page: dict[str, Any] = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise SendFailed(f"{client.base_url} answers, but it is not CloudMetrics.") from error
    return page
