"""The files of a contract: loaded once, walked by structure, every reference resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from cloudmetrics.contract import yaml_source
from cloudmetrics.contract.errors import Finding
from cloudmetrics.contract.structure import children
from cloudmetrics.contract.yaml_source import YamlInvalid, escape


class Place(NamedTuple):
    """A point in a document: its file's URI and a JSON Pointer."""

    uri: str
    pointer: str = ""

    def __truediv__(self, token: str | int) -> Place:
        return Place(self.uri, f"{self.pointer}/{escape(token)}")


class Unresolvable(Exception):
    """A reference leads nowhere. The message says why."""


class Documents:
    """All documents that a contract reaches from its root file.

    `remotes` holds documents known by another address than a file; nothing is
    ever fetched over a network. `findings` collects what could not be read.
    """

    def __init__(self, root: Path, remotes: Mapping[str, Any] | None = None) -> None:
        self.root_path = root.resolve()
        self.root = Place(self.root_path.as_uri())
        self.contents: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.remotes = dict(remotes or {})
        self.findings: list[Finding] = []
        self._positions: dict[str, dict[str, tuple[int, int]]] = {}
        self.objects: dict[Place, str] = {}
        self._load(self.root.uri)
        for place, kind in self._walk(self.root, "document"):
            self.objects[place] = kind

    def at(self, place: Place) -> Any:
        """The value at a place. Raises Unresolvable."""
        value = self._load(place.uri)
        for token in _tokens(place.pointer):
            if isinstance(value, list) and token.isdigit() and int(token) < len(value):
                value = value[int(token)]
            elif isinstance(value, dict) and token in value:
                value = value[token]
            else:
                raise Unresolvable(f"there is no {place.pointer} in {self.name(place.uri)}")
        return value

    def target(self, place: Place, ref: str) -> Place:
        """The place that a `$ref` written at `place` leads to."""
        uri, fragment = urldefrag(urljoin(place.uri, ref))
        return Place(uri, unquote(fragment))

    def follow(self, place: Place) -> Place:
        """The object itself, past any chain of `$ref`s. Raises Unresolvable."""
        seen = {place}
        while isinstance(value := self.at(place), dict) and isinstance(value.get("$ref"), str):
            place = self.target(place, value["$ref"])
            if place in seen:
                raise Unresolvable("the reference leads back to itself")
            seen.add(place)
        return place

    def where(self, place: Place) -> str:
        """`file:line:column`, as an editor opens it."""
        name = self.name(place.uri)
        if place.uri not in self.texts:
            return f"{name}#{place.pointer}"
        if place.uri not in self._positions:
            self._positions[place.uri] = yaml_source.positions(self.texts[place.uri])
        known, pointer = self._positions[place.uri], place.pointer
        while pointer and pointer not in known:
            pointer = pointer.rpartition("/")[0]
        line, column = known.get(pointer, (1, 1))
        return f"{name}:{line}:{column}"

    def name(self, uri: str) -> str:
        """A file's path relative to the folder above the root document, else its URI."""
        path = _path(uri)
        base = self.root_path.parent.parent
        return str(path.relative_to(base)) if path and path.is_relative_to(base) else str(path or uri)

    def find(self, place: Place, what: str, cure: str) -> None:
        """Note a reason to refuse the contract."""
        self.findings.append(Finding(self.where(place), what, cure))

    def _walk(self, place: Place, kind: str) -> Iterator[tuple[Place, str]]:
        """Every OpenAPI object that the root reaches, each once."""
        seen: set[Place] = set()
        todo = [(place, kind, self.contents.get(place.uri))]
        while todo:
            place, kind, node = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            yield place, kind
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                target = self._checked_target(place, node["$ref"], kind)
                if target is not None:
                    todo.append((target, kind, self.at(target)))
            for keys, child, child_kind in children(node, kind):
                child_place = place
                for key in keys:
                    child_place /= key
                todo.append((child_place, child_kind, child))

    def _checked_target(self, place: Place, ref: str, kind: str) -> Place | None:
        target = self.target(place, ref)
        if kind == "schema" and not self._plain(target):
            return None  # An `$id`, an anchor or a remote: the schema compiler's to resolve.
        try:
            self.at(target)
        except Unresolvable as error:
            self.find(place / "$ref", f"the reference {ref} leads nowhere: {error}", "correct the path")
            return None
        return target

    def _plain(self, target: Place) -> bool:
        """Whether a reference is a file and a JSON Pointer, and so can be checked here."""
        return _path(target.uri) is not None and (not target.pointer or target.pointer.startswith("/"))

    def _load(self, uri: str) -> Any:
        if uri not in self.contents:
            self.contents[uri] = self.remotes[uri] if uri in self.remotes else self._read(uri)
        return self.contents[uri]

    def _read(self, uri: str) -> Any:
        path = _path(uri)
        if path is None:
            raise Unresolvable(f"{uri} is no file, and nothing is fetched at start-up")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise Unresolvable(f"{self.name(uri)} cannot be read: {reason}") from None
        self.texts[uri] = text
        try:
            return yaml_source.load(text)
        except YamlInvalid as error:
            where = f"{self.name(uri)}:{error.line}:{error.column}"
            self.findings.append(Finding(where, error.what, "correct the YAML"))
            self._positions[uri] = {}
            return {}


def _path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
