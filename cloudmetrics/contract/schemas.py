"""JSON Schema 2020-12 validators, compiled once from the contract's own documents.

jsonschema-rs does the validating. What it is given here: every document under
its own URI, so that references, `$id`s and anchors mean what they say; formats
asserted; OpenAPI's int32 and int64 as the ranges that they are; and patterns
in a regular-expression engine that takes linear time wherever it can.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urldefrag, urljoin

import jsonschema_rs

from cloudmetrics.contract.documents import Documents, Place, as_uri
from cloudmetrics.contract.kept import Kept
from cloudmetrics.contract.structure import children
from cloudmetrics.contract.yaml_source import escape

INTEGER_FORMATS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
ANCHORS = ("$id", "$anchor", "$dynamicAnchor")

# Linear time whatever the input; look-around is beyond it, and falls back to
# backtracking that gives up instead of running away.
LINEAR = jsonschema_rs.RegexOptions()
BACKTRACKING = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


class SchemaInvalid(Exception):
    """A schema cannot be compiled. The message says why."""


class SchemaUnresolved(SchemaInvalid):
    """A reference in a schema leads nowhere."""


def is_base64(text: str) -> bool:
    """Format `byte`: base64 as RFC 4648 has it, with padding."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


class Schemas:
    """The contract's schemas, to be compiled by their places."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.compiled: dict[Place, Any] = {}
        # A format checked in Python slows down every validator that could meet it, by
        # half, so it is there only where the contract names it.
        self.formats = {"byte": is_base64} if _names_format(documents, "byte") else None
        resources = dict(documents.remotes)
        places = _rewritten_places(documents)
        for uri, data in documents.contents.items():
            resource, named = self._resource(uri, data, places.get(uri, ())), _own_name(uri, data)
            resources[named] = resource
            if named != uri:
                resources[uri] = _signpost(named, resource)
        self.registry = jsonschema_rs.Registry(list(resources.items()), draft=jsonschema_rs.Draft202012)

    def take_over(self, before: Schemas, kept: Kept) -> None:
        """Validators that were compiled from files which are as they were, and lead to none that changed."""
        if self.formats == before.formats:
            self.compiled.update(
                (place, validator)
                for place, validator in before.compiled.items()
                if place.uri in kept.untouched
            )

    def at(self, place: Place) -> Any:
        """The validator of the schema at a place. Raises SchemaInvalid."""
        if place not in self.compiled:
            self.compiled[place] = self.compile({"$ref": address(place)})
        return self.compiled[place]

    def compile(self, schema: dict[str, Any]) -> Any:
        """A validator of a schema whose references are absolute. Raises SchemaInvalid."""
        try:
            try:
                return self._validator(schema, LINEAR)
            except ValueError:
                return self._validator(schema, BACKTRACKING)
        except jsonschema_rs.ReferencingError as error:
            raise SchemaUnresolved(str(error)) from None
        except ValueError as error:
            # A file that is missing altogether is told by the text alone.
            kind = SchemaUnresolved if "is not present in a registry" in str(error) else SchemaInvalid
            raise kind(str(error).splitlines()[0]) from None

    def _validator(self, schema: dict[str, Any], patterns: Any) -> Any:
        return jsonschema_rs.Draft202012Validator(
            schema,
            registry=self.registry,
            validate_formats=True,
            formats=self.formats,
            pattern_options=patterns,
            offline=True,
        )

    def _resource(self, uri: str, data: Any, places: Sequence[Place]) -> Any:
        """A document as the compiler shall see it; the original stays untouched."""
        narrowed = [place for place in places if _is_rewritten(self.documents.at(place))]
        anchored = [place for place in places if _is_anchored(self.documents.at(place))]
        whole = self.documents.objects.get(Place(uri)) == "schema"
        if not narrowed and not (anchored and not whole) and not (whole and _is_rewritten(data)):
            return data
        resource = copy.deepcopy(data)
        for pointer in ["", *(place.pointer for place in narrowed)]:
            _rewrite(_descend(resource, pointer))
        if anchored and not whole:
            # Anchors are found inside schemas only, and this document is none.
            resource["$defs"] = {str(i): _descend(resource, p.pointer) for i, p in enumerate(anchored)}
        return resource


def _rewritten_places(documents: Documents) -> dict[str, list[Place]]:
    """By file, the schemas inside it that the compiler shall see in other words."""
    places: dict[str, list[Place]] = {}
    for place, kind in documents.objects.items():
        if kind == "schema" and place.pointer:
            node = documents.at(place)
            if _is_rewritten(node) or _is_anchored(node):
                places.setdefault(place.uri, []).append(place)
    return places


def _own_name(uri: str, data: Any) -> str:
    """The URI that a schema file gives itself by an `$id`, else the file's."""
    name = data.get("$id") if isinstance(data, dict) and "openapi" not in data else None
    return urldefrag(urljoin(uri, name)).url if isinstance(name, str) else uri


def _signpost(named: str, resource: dict[str, Any]) -> dict[str, Any]:
    """What stands at a file's URI when its schema goes by another name: the way there."""
    definitions = {
        keyword: {name: {"$ref": f"{named}#/{keyword}/{escape(name)}"} for name in resource[keyword]}
        for keyword in ("$defs", "definitions")
        if isinstance(resource.get(keyword), dict)
    }
    return {"$ref": named, **definitions}


def address(place: Place) -> str:
    """A place as an absolute `$ref`."""
    fragment = quote(place.pointer, safe="/~!$&'()*+,;=:@")
    return f"{place.uri}#{fragment}"


def subschemas(schema: Any) -> Iterator[Any]:
    """A schema and every schema directly or deeply inside it; references are not followed."""
    yield schema
    for _, child, _ in children(schema, "schema"):
        yield from subschemas(child)


def _has_integer_format(node: Any) -> bool:
    return isinstance(node, dict) and node.get("format") in INTEGER_FORMATS


def _is_rewritten(node: Any) -> bool:
    return _has_integer_format(node) or (_has_reference(node) and as_uri(node["$ref"]) != node["$ref"])


def _has_reference(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("$ref"), str)


def _rewrite(node: Any) -> None:
    """Say in plain JSON Schema what a schema object of a contract means."""
    if _has_integer_format(node):
        _narrow(node)
    if _has_reference(node):
        node["$ref"] = as_uri(node["$ref"])


def _names_format(documents: Documents, name: str) -> bool:
    nodes = (documents.at(place) for place, kind in documents.objects.items() if kind == "schema")
    return any(isinstance(node, dict) and node.get("format") == name for node in nodes)


def _is_anchored(node: Any) -> bool:
    return isinstance(node, dict) and any(key in node for key in ANCHORS)


def _narrow(node: dict[str, Any]) -> None:
    low, high = INTEGER_FORMATS[node["format"]]
    node["minimum"] = max(low, node.get("minimum", low))
    node["maximum"] = min(high, node.get("maximum", high))


def _descend(node: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node
