"""One self-contained document out of many files, for tools that read only one.

Path items are put in place; everything else that lives in a file of its own
becomes a component, named after its file, and is referred to from there.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from cloudmetrics.contract.documents import Documents, Place
from cloudmetrics.contract.structure import COMPONENT_OF, children
from cloudmetrics.contract.yaml_source import escape


def bundle(documents: Documents) -> dict[str, Any]:
    """The contract as one document whose `$ref`s all begin with `#/`."""
    return _Bundler(documents).bundle()


class _Bundler:
    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.names: dict[Place, str] = {}
        self.taken: set[str] = set()
        self.components: dict[str, dict[str, Any]] = {}

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
        if isinstance(node.get("$ref"), str):
            target = self.documents.target(place, node["$ref"])
            own = self.names.get(place)
            if kind == "pathItem" or (own is not None and own == self.names.get(target)):
                siblings = {key: value for key, value in node.items() if key != "$ref"}
                return {**self._copy(self.documents.at(target), target, kind), **siblings}
            copy["$ref"] = self._address(target, kind, node["$ref"])
        for keys, child, child_kind in children(node, kind):
            child_place, holder = place, copy
            for key in keys:
                child_place /= key
            for key in keys[:-1]:
                if holder[key] is node.get(key):
                    holder[key] = holder[key].copy()
                holder = holder[key]
            holder[keys[-1]] = self._copy(child, child_place, child_kind)
        if kind == "schema" and isinstance(node.get("discriminator"), dict):
            copy["discriminator"] = self._discriminator(node["discriminator"], place)
        return copy

    def _discriminator(self, discriminator: dict[str, Any], place: Place) -> dict[str, Any]:
        """A mapping may name a schema or refer to one; references are rewritten."""
        mapping = {
            value: self._address(self.documents.target(place, ref), "schema", ref) if "/" in ref else ref
            for value, ref in discriminator.get("mapping", {}).items()
        }
        return {**discriminator, **({"mapping": mapping} if mapping else {})}

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
        return address

    def _free(self, component: str, target: Place) -> str:
        path = PurePosixPath(unquote(urlsplit(target.uri).path))
        base = name = target.pointer.rpartition("/")[2] or path.stem
        number = 2
        while (address := f"#/components/{component}/{name}") in self.taken:
            name, number = f"{base}{number}", number + 1
        self.taken.add(address)
        return address
