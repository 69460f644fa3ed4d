"""One self-contained document out of many files, for tools that read only one.

Path items are put in place; everything else that lives in a file of its own
becomes a component, named after its file, and is referred to from there.

A file is a schema resource of its own, a component is none. Where that matters,
which is where several files declare one `$dynamicAnchor`, the component gets an
`$id`, and is a resource again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from cloudmetrics.contract.documents import Documents, Place
from cloudmetrics.contract.sources import Sources
from cloudmetrics.contract.structure import COMPONENT_OF, METHODS, children
from cloudmetrics.contract.yaml_source import escape


def bundle(documents: Documents) -> tuple[dict[str, Any], Sources]:
    """The contract as one document whose `$ref`s all begin with `#/`, and where its parts are written."""
    bundler = _Bundler(documents)
    return bundler.bundle(), Sources(documents, bundler.names)


class _Bundler:
    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.names: dict[Place, str] = {}
        self.taken: set[str] = set()
        self.components: dict[str, dict[str, Any]] = {}
        self.apart = set(_files_apart(documents))

    def bundle(self) -> dict[str, Any]:
        root = self.documents.at(self.documents.root)
        for kind, named in (root.get("components") or {}).items():
            for name, node in named.items() if isinstance(named, dict) else ():
                self._reserve(kind, name, self.documents.root / "components" / kind / name, node)
        document: dict[str, Any] = self._copy(root, self.documents.root, "document")
        components = document.setdefault("components", {})
        for kind, named in self.components.items():
            components.setdefault(kind, {}).update(named)
        document["components"] = {
            kind: dict(sorted(named.items())) if isinstance(named, dict) else named
            for kind, named in sorted(components.items())
        }
        _add_common_headers(document)
        return document

    def _reserve(self, kind: str, name: str, place: Place, node: Any) -> None:
        """A component of the root keeps its name, also where it only refers to a file."""
        address = f"#/components/{kind}/{escape(name)}"
        self.taken.add(address)
        self.names[place] = address
        if isinstance(node, dict) and set(node) == {"$ref"}:
            self.names.setdefault(self.documents.target(place, node["$ref"]), address)

    def _copy(self, node: Any, place: Place, kind: str) -> Any:
        if not isinstance(node, dict):
            return node
        copy = dict(node)
        if isinstance(node.get("$ref"), str) and place not in self.documents.rebased:
            if self._stands_in_paths(place):
                return self._path_item(place)
            target = self._target(place, node["$ref"], kind)
            own = self.names.get(place)
            if own is not None and own == self.names.get(target) and target != place:
                return self._copy(self.documents.at(target), target, kind)
            copy["$ref"] = self._reference(place, target, kind, node["$ref"])
        return self._copy_children(copy, place, kind)

    def _path_item(self, place: Place) -> dict[str, Any]:
        """A path item and all that it refers to, as one. What is nearer comes first."""
        item: dict[str, Any] = {}
        parameters: dict[tuple[str, str], Any] = {}
        for part in reversed(self.documents.chain(place)):
            own = {key: value for key, value in self.documents.at(part).items() if key != "$ref"}
            copied = self._copy_children(own, part, "pathItem")
            for index, parameter in enumerate(copied.get("parameters", [])):
                declared = self.documents.at(self.documents.follow(part / "parameters" / index))
                parameters[declared["in"], declared["name"]] = parameter
            item |= copied
        if parameters:
            item["parameters"] = list(parameters.values())
        return item

    def _copy_children(self, node: dict[str, Any], place: Place, kind: str) -> dict[str, Any]:
        copy = dict(node)
        if kind == "schema" and place not in self.documents.rebased and place.uri not in self.apart:
            # References to it were made pointers, and a part may stand in the bundle twice.
            copy.pop("$anchor", None)
        for keys, child, child_kind in children(node, kind):
            child_place = place
            holder: Any = copy
            for key in keys:
                child_place /= key
            for key in keys[:-1]:
                if holder[key] is node[str(key)]:
                    holder[key] = holder[key].copy()
                holder = holder[key]
            holder[keys[-1]] = self._copy(child, child_place, child_kind)
        mapping = self.documents.mapping(place, node.get("discriminator")) if kind == "schema" else {}
        if mapping:
            addresses = {value: self._address(target, kind, "") for value, target in mapping.items()}
            copy["discriminator"] = {**node["discriminator"], "mapping": addresses}
        return copy

    def _target(self, place: Place, ref: str, kind: str) -> Place:
        target = self.documents.schema_target(place, ref) if kind == "schema" else None
        return target or self.documents.target(place, ref)

    def _stands_in_paths(self, place: Place) -> bool:
        """Whether this is a path item of the root, which few tools expect to be a reference."""
        holder, _, name = place.pointer.rpartition("/")
        return place.uri == self.documents.root.uri and holder in ("/paths", "/webhooks") and bool(name)

    def _reference(self, place: Place, target: Place, kind: str, ref: str) -> str:
        """A `$ref` as it stands in the bundle."""
        if kind != "schema" or target.uri not in self.apart:
            return self._address(target, kind, ref)
        if place.uri == target.uri:
            return f"#{urldefrag(ref).fragment}"
        address = self._address(Place(target.uri), kind, ref)
        if place.uri not in self.apart and not target.pointer:
            return address
        return f"{_identifier(address)}#{target.pointer}"

    def _address(self, target: Place, kind: str, ref: str) -> str:
        if target in self.names:
            return self.names[target]
        if self.documents.objects.get(target) is None:
            return ref  # An `$id` or an anchor, which means the same in the bundle.
        component = COMPONENT_OF[kind]
        self.names[target] = address = self._free(component, target)
        name = address.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        named = self.components.setdefault(component, {})
        named[name] = None  # Holds the place, since a recursive schema comes back here.
        named[name] = self._copy(self.documents.at(target), target, kind)
        if target.uri in self.apart and kind == "schema":
            named[name] = {"$id": _identifier(address), **named[name]}
        return address

    def _free(self, component: str, target: Place) -> str:
        path = PurePosixPath(unquote(urlsplit(target.uri).path))
        word = target.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", word or path.stem)
        name = base
        number = 2
        while (address := f"#/components/{component}/{name}") in self.taken:
            name, number = f"{base}{number}", number + 1
        self.taken.add(address)
        return address


def _add_common_headers(document: dict[str, Any]) -> None:
    """Writes `x-response-headers` into each response, where a header of its own comes first."""
    common = document.pop("x-response-headers", None)
    if not common:
        return
    operations = (
        item[method] for item in document.get("paths", {}).values() for method in METHODS if method in item
    )
    inline = (response for operation in operations for response in operation["responses"].values())
    for response in (*inline, *document["components"].get("responses", {}).values()):
        if "$ref" not in response:
            response["headers"] = {**common, **response.get("headers", {})}


def _identifier(address: str) -> str:
    return f"urn:contract:{address.rpartition('/')[2]}"


def _files_apart(documents: Documents) -> Iterator[str]:
    """The schema files that share a `$dynamicAnchor` with another file, and all files that they refer to."""
    bearers: dict[str, set[str]] = {}
    leads: dict[str, set[str]] = {}
    for place, kind in documents.objects.items():
        schema = documents.at(place)
        if kind != "schema" or not isinstance(schema, dict) or place in documents.rebased:
            continue
        if isinstance(schema.get("$dynamicAnchor"), str):
            bearers.setdefault(schema["$dynamicAnchor"], set()).add(place.uri)
        if isinstance(schema.get("$ref"), str):
            leads.setdefault(place.uri, set()).add(documents.target(place, schema["$ref"]).uri)
    todo = [uri for uris in bearers.values() if len(uris) > 1 for uri in uris]
    seen = {documents.root.uri}
    while todo:
        uri = todo.pop()
        if uri not in seen:
            seen.add(uri)
            todo += leads.get(uri, ())
            yield uri
