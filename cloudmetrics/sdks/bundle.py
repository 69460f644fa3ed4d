"""The contract as generators get it: one document, without what would lead them astray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
UNKNOWN = "Unknown"
SCHEMA = "#/components/schemas/"
Document = dict[str, Any]


def for_clients(bundle: Mapping[str, Any]) -> Document:
    """The bundle without webhooks, which generators take for operations, and without what is ours alone."""
    document = deepcopy(dict(bundle))
    document.pop("webhooks", None)
    document.pop("x-response-headers", None)
    for response in document["components"].get("responses", {}).values():
        response.pop("headers", None)
    for operation in operations(document):
        for response in operation["responses"].values():
            response.pop("headers", None)
    return document


def answers_alone(document: Mapping[str, Any]) -> Document:
    """Only what is answered, its unions open: for a generator that makes nothing but the answers' models.

    A union of objects gets one more member, which fits every object, so that an older client can
    read what a newer server says.
    """
    copy = deepcopy(dict(document))
    for operation in operations(copy):
        for part in ("requestBody", "parameters"):
            operation.pop(part, None)
    for item in copy["paths"].values():
        item.pop("parameters", None)
    # A generator refuses a path that names a parameter which is not there.
    copy["paths"] = {path.replace("{", "").replace("}", ""): item for path, item in copy["paths"].items()}
    keep_reachable(copy)
    schemas = copy["components"]["schemas"]
    for node in list(nodes(copy)):
        if isinstance(node.get("oneOf"), list) and "discriminator" in node:
            node["oneOf"].append({"$ref": SCHEMA + UNKNOWN})
            schemas[UNKNOWN] = {
                "type": "object",
                "description": "Something of a kind that this version of the client does not know yet.",
                "additionalProperties": True,
            }
    copy["components"]["schemas"] = dict(sorted(schemas.items()))
    return copy


def keep_reachable(document: Document) -> None:
    """Removes the components that nothing in the paths leads to."""
    components = document["components"]
    seen: set[tuple[str, str]] = set()
    todo = [document["paths"]]
    while todo:
        for node in nodes(todo.pop()):
            if isinstance(reference := node.get("$ref"), str):
                _, _, kind, name = reference.split("/")
                if (kind, name) not in seen:
                    seen.add((kind, name))
                    todo.append(components[kind][name])
    document["components"] = {
        kind: {
            name: node for name, node in named.items() if (kind, name) in seen or kind == "securitySchemes"
        }
        for kind, named in components.items()
    }


def operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a part of the document, itself included."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)
