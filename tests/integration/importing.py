"""Imports into the running service, by the commands that people type."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from .live import Live
from .running import OTHER, PROJECT, Running, environment


def import_into(
    service: Running | Live, kind: str, *options: object, **settings: object
) -> subprocess.CompletedProcess[str]:
    """`make import-…`, as far as the service's folder and port say where it is."""
    where = {"DATA_DIR": service.data_dir, "PORT": service.url.rpartition(":")[2]}
    return subprocess.run(
        [sys.executable, "-m", "cloudmetrics.importing", kind, *map(str, options)],
        cwd=PROJECT,
        env=environment(**(where | settings)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def import_log(
    service: Running, file: Path | str, website: str, key: str = "", kind: str = "log", **settings: object
) -> subprocess.CompletedProcess[str]:
    return import_into(service, kind, "--file", file, "--website", website, "--key", key, **settings)


def metrics(service: Running, website: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    query = f"/v1/metrics?website_id={website['id']}&start_date={start}&end_date={end}"
    data: dict[str, Any] = service.get(query, service.keys(OTHER)["read"]).json()["data"]
    return data


def counts(text: str) -> list[int]:
    """The numbers of the summary: read, accepted, duplicates, rejected, broken."""
    rows = [line.strip("│ ").split("│") for line in text.splitlines() if line.startswith("│")]
    return [int(number.replace(",", "")) for _, number in rows]
