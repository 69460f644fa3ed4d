"""The reference as the template shows it: every operation of the bundle, grouped by tag."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudmetrics.portal.curl import curl
from cloudmetrics.portal.errors import slug
from cloudmetrics.portal.fields import Field, Resolver, constraints, ending, fields, type_name

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Example:
    """A named example. `value` is JSON text; `error` the page of its error code, if it is a problem."""

    name: str
    summary: str
    value: str
    code: str | None = None

    @property
    def error(self) -> str | None:
        return slug(self.code) if self.code else None


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent or answered in one media type."""

    media_type: str
    schema: str
    fields: list[Field]
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class ResponseView:
    """One documented answer."""

    status: str
    description: str
    headers: list[Field]
    bodies: list[Body]

    @property
    def is_error(self) -> bool:
        return self.status[:1] in "45"


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation, ready to be shown; `ending` says that it is deprecated."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    ending: list[str]
    scopes: list[str]
    parameters: dict[str, list[Field]]
    request: list[Body]
    responses: list[ResponseView]
    curl: str
    samples: list[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag and its operations."""

    name: str
    description: str
    operations: list[OperationView] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


def build_reference(bundle: Mapping[str, Any], base_url: str) -> list[TagView]:
    """Tags in the contract's order, with their operations in the order of its paths."""
    tags = {tag["name"]: TagView(tag["name"], tag.get("description", "")) for tag in bundle.get("tags", [])}
    resolver = Resolver(bundle)
    for path, method, operation in _operations(bundle, resolver):
        name = operation.get("tags", ["Other"])[0]
        tag = tags.setdefault(name, TagView(name, ""))
        tag.operations.append(_operation(resolver, base_url + path, path, method, operation))
    return [tag for tag in tags.values() if tag.operations]


def _operations(
    bundle: Mapping[str, Any], resolver: Resolver
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, method and operation, the parameters of the whole path among its own."""
    for path, reference in bundle.get("paths", {}).items():
        item = resolver.resolve(reference)
        for method in METHODS:
            if method in item:
                listed = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield path, method, {**item[method], "parameters": [*map(resolver.resolve, listed)]}


def _operation(
    resolver: Resolver, url: str, path: str, method: str, operation: Mapping[str, Any]
) -> OperationView:
    parameters = list({(p["in"], p["name"]): p for p in operation["parameters"]}.values())
    request = _bodies(resolver, resolver.resolve(operation.get("requestBody", {})))
    security = operation.get("security", resolver.bundle.get("security", []))
    return OperationView(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", operation["operationId"]),
        description=operation.get("description", ""),
        ending=ending(operation),
        scopes=sorted({scope for option in security for scopes in option.values() for scope in scopes}),
        parameters=_parameters(resolver, parameters),
        request=request,
        responses=[
            _response(resolver, str(status), resolver.resolve(response))
            for status, response in operation.get("responses", {}).items()
        ],
        curl=curl(
            method.upper(),
            url,
            parameters,
            body=request[0].examples[0].value if request and request[0].examples else None,
            secured=bool(security),
        ),
        # The line above names this server; the contract's own names a variable.
        samples=[each for each in operation.get("x-codeSamples", []) if each["lang"] != "curl"],
    )


def _parameters(resolver: Resolver, parameters: list[Mapping[str, Any]]) -> dict[str, list[Field]]:
    grouped: dict[str, list[Field]] = {}
    for parameter in parameters:
        grouped.setdefault(parameter["in"], []).append(_named(resolver, parameter["name"], parameter))
    return grouped


def _named(resolver: Resolver, name: str, holder: Mapping[str, Any]) -> Field:
    schema = holder.get("schema", {})
    return Field(
        name=name,
        depth=0,
        type=type_name(resolver, schema),
        required=holder.get("required", False),
        description=holder.get("description") or resolver.resolve(schema).get("description", ""),
        constraints=[*ending(holder), *constraints(resolver, resolver.resolve(schema))],
    )


def _response(resolver: Resolver, status: str, response: Mapping[str, Any]) -> ResponseView:
    return ResponseView(
        status=status,
        description=response.get("description", ""),
        headers=[
            _named(resolver, name, resolver.resolve(header))
            for name, header in response.get("headers", {}).items()
        ],
        bodies=_bodies(resolver, response),
    )


def _bodies(resolver: Resolver, holder: Mapping[str, Any]) -> list[Body]:
    return [
        Body(
            media_type=media_type,
            schema=type_name(resolver, content.get("schema", {})),
            fields=list(fields(resolver, content.get("schema", {}))),
            examples=list(_examples(resolver, content)),
        )
        for media_type, content in holder.get("content", {}).items()
    ]


def _examples(resolver: Resolver, content: Mapping[str, Any]) -> Iterator[Example]:
    for name, reference in content.get("examples", {}).items():
        example = resolver.resolve(reference)
        value = example.get("value")
        code = value.get("code") if isinstance(value, dict) and "trace_id" in value else None
        yield Example(
            name, example.get("summary", name), json.dumps(value, indent=2, ensure_ascii=False), code
        )
