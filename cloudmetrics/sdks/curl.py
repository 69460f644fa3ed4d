"""A call of each operation with curl. Key and server are the shell's, by the names that the guides use."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from cloudmetrics.sdks import examples
from cloudmetrics.sdks.description import JSON, Description, Gives, Method


def samples_of(contract: Description) -> dict[str, str]:
    """A command per operationId."""
    return {method.operation_id: text(contract, method) for method in contract.methods}


def text(contract: Description, method: Method) -> str:
    """The command, one option a line."""
    example = examples.given(contract, method)
    path = method.path
    for each in method.given("path"):
        path = path.replace(f"{{{each.name}}}", quote(str(example.given[each.name]), safe=""))
    query = {each.name: example.given[each.name] for each in method.given("query") if each.required}
    url = f"{path}?{urlencode(query)}" if query else path
    verb = "" if method.http_method == "GET" else f"-X {method.http_method} "
    parts = [f'curl -sS {verb}"$CLOUDMETRICS_URL{url}"', '-H "API-Key: $CLOUDMETRICS_KEY"']
    if method.media_type:
        parts += [f"-H 'Content-Type: {method.media_type}'", f"--data-binary {_body(method, example.body)}"]
    if method.answer.gives is Gives.FILE:
        parts.append(f"-H 'Accept: {', '.join(method.answer.media_types)}'")
    return " \\\n  ".join(parts) + "\n"


def _body(method: Method, body: Any) -> str:
    as_text = method.media_type != JSON and isinstance(body, str)
    return shlex.quote(body if as_text else json.dumps(body, ensure_ascii=False))
