"""Examples: each is true to its schema, and each request, sent to a live server, gets a documented answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from cloudmetrics.gates.live import Live, serving
from cloudmetrics.gates.models import Finding, Project, Result

# What a server answers that broke its own contract, or itself.
BROKEN = 500


def look(project: Project) -> Result:
    """The engine has judged all examples when it loaded the contract; here they go over the wire."""
    sent = 0
    findings = []
    with serving(project) as live, client_of(live) as client:
        for method, path, operation in project.operations():
            for name, request in requests(project, client, method, path, operation):
                answer = client.send(request)
                sent += 1
                findings += list(judge(project, method, path, operation, name, answer))
    return Result(tuple(findings), f"{sent} requests sent")


def client_of(live: Live) -> httpx.Client:
    headers = live.credentials["full"].headers
    return httpx.Client(base_url=live.url, headers=headers, timeout=30, trust_env=False)


def requests(
    project: Project, client: httpx.Client, method: str, path: str, operation: dict[str, Any]
) -> Iterator[tuple[str, httpx.Request]]:
    """(name of the example, request): one per example of the body, or one where there is no body."""
    parameters = [project.resolve(each) for each in operation.get("parameters", [])]
    url, query = path, {}
    for parameter in parameters:
        example = example_of(project, parameter)
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", quote(str(example), safe=""))
        elif parameter["in"] == "query" and example is not None and parameter.get("required"):
            query[parameter["name"]] = example
    bodies = project.resolve(operation.get("requestBody", {})).get("content", {})
    if not bodies:
        yield "", client.build_request(method, url, params=query)
    for media_type, content in bodies.items():
        for name, example in content.get("examples", {}).items():
            value = project.resolve(example)["value"]
            kind = {"json": value} if media_type.endswith("json") else {"content": str(value)}
            headers = {"content-type": media_type}
            yield name, client.build_request(method, url, params=query, headers=headers, **kind)


def example_of(project: Project, parameter: dict[str, Any]) -> Any:
    """A parameter's own example, or its schema's."""
    if "example" in parameter:
        return parameter["example"]
    for example in parameter.get("examples", {}).values():
        return project.resolve(example)["value"]
    schema = project.resolve(parameter.get("schema", {}))
    return next(iter(schema.get("examples", ())), schema.get("default"))


def judge(
    project: Project, method: str, path: str, operation: dict[str, Any], name: str, answer: httpx.Response
) -> Iterator[Finding]:
    where = project.contract.sources.where(["paths", path, method])
    what = f"{method.upper()} {path}" + (f" with the example {name}" if name else "")
    declared = operation["responses"]
    status = answer.status_code
    if not {str(status), f"{status // 100}XX", "default"} & set(declared):
        cure = f"document {status} under responses, or mend the handler"
        yield Finding(where, "undocumented-status", f"{what} answers {status}", cure)
    elif status >= BROKEN:
        cure = "mend the handler, or the response's schema"
        yield Finding(where, "server-error", f"{what} answers {status}: {answer.text[:300]}", cure)
    elif name and status == httpx.codes.BAD_REQUEST:
        cure = "mend the example: people copy it"
        yield Finding(where, "refused-example", f"{what} is refused: {answer.text[:300]}", cure)
