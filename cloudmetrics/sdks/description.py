"""What the contract offers, in terms of no language: resources with methods, from which SDKs are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudmetrics.gates.sdk_names import sdk_method
from cloudmetrics.sdks.bundle import METHODS, SCHEMA

Schema = dict[str, Any]
JSON = "application/json"
KEY_HEADER = "Idempotency-Key"


class Gives(StrEnum):
    """What a method gives back."""

    THING = "THING"  # `data` of the answer
    LIST = "LIST"  # things, page by page
    NOTHING = "NOTHING"
    FILE = "FILE"  # bytes, as they arrive
    EVENTS = "EVENTS"  # Server-Sent Events


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something to be given to a method. `name` is as on the wire.

    `where` is path, query, header; body, for a field of it; whole, for a JSON body that has no fields;
    or content, for a body that is no JSON.
    """

    name: str
    where: str
    schema: Schema
    required: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back. `schema` names the whole answer's component, `thing` is the schema of what is given.

    `wrapped` says that the thing, or the list of them, is the answer's `data`; else it is all of the answer.
    """

    gives: Gives
    schema: str = ""
    thing: Schema | None = None
    wrapped: bool = True
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a resource, which is an operation. `repeatable` says that sending it twice does no harm."""

    resource: str
    name: str
    operation_id: str
    http_method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    media_type: str  # of the body, or empty
    answer: Answer
    repeatable: bool
    keyed: bool  # it takes an Idempotency-Key, which makes it repeatable
    deprecated: bool

    @property
    def full_name(self) -> str:
        return f"{self.resource}.{self.name}"

    def given(self, *where: str) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.where in where]


@dataclass(frozen=True, slots=True)
class Resource:
    """A tag of the contract, and the methods of its operations."""

    name: str
    title: str
    doc: str
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """All that an SDK is written from. `document` is what `bundle.for_clients` makes."""

    document: dict[str, Any]
    resources: tuple[Resource, ...]

    @property
    def version(self) -> str:
        version: str = self.document["info"]["version"]
        return version

    @property
    def schemas(self) -> dict[str, Schema]:
        schemas: dict[str, Schema] = self.document["components"]["schemas"]
        return schemas

    @property
    def methods(self) -> list[Method]:
        return [method for resource in self.resources for method in resource.methods]

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a node stands for, past its references; what stands beside a reference wins."""
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            beside = {key: value for key, value in node.items() if key != "$ref"}
            node = {**self.document["components"][kind][name], **beside}
        return node


def describe(document: dict[str, Any]) -> Description:
    """Resources and methods in the contract's order of tags and paths.

    Raises ValueError where two of them would have one name.
    """
    empty = Description(document, ())
    methods = [
        _method(empty, path, item, verb)
        for path, item in document["paths"].items()
        for verb in METHODS
        if verb in item
    ]
    if len({method.full_name for method in methods}) < len(methods):
        raise ValueError("two operations would have the same name in the SDKs; `make contract` says which")
    resources = [
        Resource(name, tag["name"], tag.get("description", "").strip(), _of(name, methods))
        for tag in document["tags"]
        if _of(name := tag["name"].lower().replace(" ", "_"), methods)
    ]
    return Description(document, tuple(resources))


def _of(resource: str, methods: Iterable[Method]) -> tuple[Method, ...]:
    return tuple(method for method in methods if method.resource == resource)


def _method(contract: Description, path: str, item: Mapping[str, Any], verb: str) -> Method:
    operation = item[verb]
    resource, name = sdk_method(operation).split(".")
    listed = (*item.get("parameters", ()), *operation.get("parameters", ()))
    parameters = [contract.resolve(each) for each in listed]
    keyed = any(each["name"] == KEY_HEADER for each in parameters)
    body = contract.resolve(operation.get("requestBody", {}))
    media_type = _media_type(body)
    given = [_parameter(contract, each) for each in parameters]
    if media_type:
        content = body["content"][media_type]["schema"]
        given += _fields(contract, content, media_type, body.get("required", False))
    options = operation.get("security", ())
    return Method(
        resource=resource,
        name=name,
        operation_id=operation["operationId"],
        http_method=verb.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", "").strip(),
        scopes=tuple(sorted({scope for option in options for scopes in option.values() for scope in scopes})),
        parameters=tuple(given),
        media_type=media_type,
        answer=_answer(contract, operation),
        repeatable=verb != "post" or keyed or bool(operation.get("x-idempotent")),
        keyed=keyed,
        deprecated=operation.get("deprecated", False),
    )


def _parameter(contract: Description, node: Mapping[str, Any]) -> Parameter:
    doc = node.get("description") or contract.resolve(node["schema"]).get("description", "")
    return Parameter(node["name"], node["in"], node["schema"], node.get("required", False), doc.strip())


def _media_type(body: Mapping[str, Any]) -> str:
    """The media type in which a body is sent: JSON where that is taken."""
    content = list(body.get("content", ()))
    return next((each for each in content if _is_json(each)), content[0] if content else "")


def _is_json(media_type: str) -> bool:
    return media_type == JSON or media_type.endswith("+json")


def _fields(contract: Description, schema: Schema, media_type: str, required: bool) -> list[Parameter]:
    """What a body is given by: its fields one by one, or all of it at once."""
    body = contract.resolve(schema)
    if not _is_json(media_type):
        return [Parameter("content", "content", schema, required, body.get("description", "").strip())]
    if "properties" not in body:
        return [Parameter("body", "whole", schema, required, body.get("description", "").strip())]
    return [
        Parameter(
            name,
            "body",
            field,
            required and name in body.get("required", ()),
            contract.resolve(field).get("description", "").strip(),
        )
        for name, field in body["properties"].items()
    ]


def _answer(contract: Description, operation: Mapping[str, Any]) -> Answer:
    status = min(status for status in operation["responses"] if status.startswith("2"))
    content = contract.resolve(operation["responses"][status]).get("content", {})
    if not content:
        return Answer(Gives.NOTHING)
    media_types = tuple(content)
    if "text/event-stream" in content:
        return Answer(Gives.EVENTS, media_types=media_types)
    if any(not _is_json(each) for each in content):
        return Answer(Gives.FILE, media_types=media_types)
    schema = content[JSON]["schema"]
    name = schema.get("$ref", "").removeprefix(SCHEMA)
    properties = contract.resolve(schema).get("properties", {})
    if "data" not in properties:
        return Answer(Gives.THING, name, schema, wrapped=False, media_types=media_types)
    if "pagination" in properties:
        return Answer(
            Gives.LIST, name, contract.resolve(properties["data"])["items"], media_types=media_types
        )
    return Answer(Gives.THING, name, properties["data"], media_types=media_types)
