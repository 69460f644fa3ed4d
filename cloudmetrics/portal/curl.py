"""A curl line for an operation, to be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

KEY_VARIABLE = "CLOUDMETRICS_KEY"


def curl(
    method: str, url: str, parameters: Sequence[Mapping[str, Any]], *, body: str | None, secured: bool
) -> str:
    """The command, one option a line. The key comes from the shell's CLOUDMETRICS_KEY."""
    query: dict[str, Any] = {}
    for parameter in parameters:
        if "example" not in parameter:
            continue
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
        elif parameter["in"] == "query":
            query[parameter["name"]] = parameter["example"]
    if query:
        url += "?" + urlencode(query)
    parts = ["curl " + ("" if method == "GET" else f"-X {method} ") + shlex.quote(url)]
    if secured:
        parts.append(f'-H "API-Key: ${KEY_VARIABLE}"')
    if body is not None:
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(parts)
