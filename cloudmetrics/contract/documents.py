"""The files of a contract: loaded once, walked by structure, every reference resolved."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

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


# When a file was changed last, by nanosecond, its size and its inode: equal ones mean equal contents.
Stamp = tuple[int, int, int]


class Unresolvable(Exception):
    """A reference leads nowhere. The message says why."""


class Documents:
    """All documents that a contract reaches from its root file.

    `remotes` holds documents known by another address than a file; nothing is
    ever fetched over a network. `findings` collects what could not be read. A
    file that is as it was in `before`, an earlier load, is not read again.
    """

    def __init__(
        self, root: Path, remotes: Mapping[str, Any] | None = None, before: Documents | None = None
    ) -> None:
        self.root_path = root.resolve()
        self.root = Place(self.root_path.as_uri())
        self.contents: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.stamps: dict[str, Stamp] = {}
        # Which files a file refers to; and whether schemas also refer to others by names of their own.
        self.leads: dict[str, set[str]] = {}
        self.entangled = bool(remotes)
        self.remotes = dict(remotes or {})
        self.findings: list[Finding] = []
        # Those of the findings that say no more than that a reference leads nowhere.
        self.unresolved: list[Finding] = []
        self._positions: dict[str, dict[str, tuple[int, int]]] = {}
        self._anchors: dict[str, dict[str, Place]] = {}
        self.objects: dict[Place, str] = {}
        self.rebased: set[Place] = set()
        # What stands at the places that the walk came by, which are asked for again and again.
        self._values: dict[Place, Any] = {}
        self._before = before
        self._load(self.root.uri)
        for place, kind in self._walk(self.root, "document"):
            self.objects[place] = kind
        self._before = None

    @property
    def current(self) -> bool:
        """Whether every file still is as it was read."""
        return all(_stamp(path) == self.stamps.get(uri) for uri in self.texts if (path := _path(uri)))

    def at(self, place: Place) -> Any:
        """The value at a place. Raises Unresolvable."""
        if place in self._values:
            return self._values[place]
        value = self._load(place.uri)
        if place.pointer and not place.pointer.startswith("/"):
            raise Unresolvable(f"there is no anchor {place.pointer} in {self.name(place.uri)}")
        for token in _tokens(place.pointer):
            if isinstance(value, list) and token.isdigit() and int(token) < len(value):
                value = value[int(token)]
            elif isinstance(value, dict) and token in value:
                value = value[token]
            else:
                raise Unresolvable(f"there is no {place.pointer} in {self.name(place.uri)}")
        return value

    def target(self, place: Place, ref: str) -> Place:
        """The place that a `$ref` written at `place` leads to. Raises Unresolvable."""
        try:
            return _absolute(place.uri, ref)
        except ValueError as error:
            raise Unresolvable(f"{ref} is no URI: {error}") from None

    def schema_target(self, place: Place, ref: str) -> Place | None:
        """Where a schema's `$ref` leads, if it is a file and a pointer or an anchor in it.

        None for what only the schema compiler resolves: remotes, and whatever
        stands below an `$id`, which gives references another base.
        """
        target = self.target(place, ref)
        if _path(target.uri) is None or place in self.rebased:
            return None
        if target.pointer and not target.pointer.startswith("/"):
            return self._anchor(target)
        return target

    def _anchor(self, target: Place) -> Place:
        """The schema that bears the anchor which `target` names; `target` itself where none does."""
        if target.uri not in self._anchors:
            try:
                data = self._load(target.uri)
            except Unresolvable:
                return target
            self._anchors[target.uri] = dict(_anchors(data, Place(target.uri)))
        return self._anchors[target.uri].get(target.pointer, target)

    def follow(self, place: Place) -> Place:
        """The object itself, past any chain of `$ref`s. Raises Unresolvable."""
        return self.chain(place)[-1]

    def chain(self, place: Place) -> list[Place]:
        """A place, and all that its `$ref`s lead to, up to the object itself. Raises Unresolvable."""
        places = [place]
        while isinstance(value := self.at(place), dict) and isinstance(value.get("$ref"), str):
            place = self.target(place, value["$ref"])
            if place in places:
                raise Unresolvable("the reference leads back to itself")
            places.append(place)
        return places

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
        todo = [(place, kind, self.contents.get(place.uri), False)]
        while todo:
            place, kind, node, rebased = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            self._values[place] = node
            yield place, kind
            if isinstance(node, dict):
                rebased = rebased or (kind == "schema" and isinstance(node.get("$id"), str))
                if rebased:
                    self.rebased.add(place)
                self.entangled = self.entangled or rebased or "$dynamicRef" in node
                for target in self._targets(place, node, kind):
                    self.leads.setdefault(place.uri, set()).add(target.uri)
                    todo.append((target, kind, self.at(target), False))
            for keys, child, child_kind in children(node, kind):
                child_place = place
                for key in keys:
                    child_place /= key
                todo.append((child_place, child_kind, child, rebased))

    def _targets(self, place: Place, node: dict[str, Any], kind: str) -> Iterator[Place]:
        """What an object refers to."""
        if (target := self._checked_target(place, node.get("$ref"), kind)) is not None:
            yield target
        if kind == "schema":
            yield from self._mapped(place, node)

    def mapping(self, place: Place, discriminator: Any) -> dict[str, Place]:
        """The schemas that a discriminator's mapping names, by its values.

        What it says is a component's name where there is one of that name, else a reference.
        """
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        schemas = self.root / "components" / "schemas"
        return {
            value: schemas / ref if self._exists(schemas / ref) else self.target(place, ref)
            for value, ref in (mapping.items() if isinstance(mapping, dict) else ())
            if isinstance(ref, str)
        }

    def _exists(self, place: Place) -> bool:
        try:
            self.at(place)
        except Unresolvable:
            return False
        return True

    def _mapped(self, place: Place, schema: dict[str, Any]) -> Iterator[Place]:
        for value, target in self.mapping(place, schema.get("discriminator")).items():
            try:
                self.at(target)
                yield target
            except Unresolvable as error:
                where = place / "discriminator" / "mapping" / value
                self._find_unresolved(where, f"the mapping of {value}", error)

    def _checked_target(self, place: Place, ref: Any, kind: str) -> Place | None:
        if not isinstance(ref, str):
            return None
        try:
            target = self.schema_target(place, ref) if kind == "schema" else self.target(place, ref)
            if target is not None:
                self.at(target)
            if kind != "schema":
                self.follow(place)  # Which a reference that leads back to itself never ends.
        except Unresolvable as error:
            self._find_unresolved(place / "$ref", f"the reference {ref}", error, self._alike(place, ref))
            return None
        return target

    def _find_unresolved(self, place: Place, what: str, error: Unresolvable, alike: str = "") -> None:
        self.find(place, f"{what} leads nowhere: {error}", f"correct the path{alike}")
        self.unresolved.append(self.findings[-1])

    def _alike(self, place: Place, ref: str) -> str:
        """Names the file that may have been meant, where one is nearly of that name."""
        try:
            path = _path(self.target(place, ref).uri)
            names = {each.stem: each.name for each in path.parent.iterdir()} if path else {}
        except (Unresolvable, OSError, ValueError):
            return ""
        close = difflib.get_close_matches(path.stem, names.keys() - {path.stem}, 1, 0.75) if path else []
        return f": {names[close[0]]} is there" if close else ""

    def _load(self, uri: str) -> Any:
        if uri not in self.contents:
            self.contents[uri] = self.remotes[uri] if uri in self.remotes else self._read(uri)
        return self.contents[uri]

    def _read(self, uri: str) -> Any:
        path = _path(uri)
        if path is None:
            raise Unresolvable(f"{uri} is no file, and nothing is fetched at start-up")
        stamp = _stamp(path)
        if self._before is not None and stamp is not None and stamp == self._before.stamps.get(uri):
            self.texts[uri], self.stamps[uri] = self._before.texts[uri], stamp
            return self._before.contents[uri]
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise Unresolvable(f"{self.name(uri)} cannot be read: {reason}") from None
        self.texts[uri] = text
        try:
            data = yaml_source.load(text)
        except YamlInvalid as error:
            where = f"{self.name(uri)}:{error.line}:{error.column}"
            self.findings.append(Finding(where, error.what, "correct the YAML"))
            self._positions[uri] = {}
            return {}
        if stamp is not None:
            self.stamps[uri] = stamp
        return data


def as_uri(ref: str) -> str:
    """A reference as URIs are written: a file's name may hold braces, as in `things_{id}.yaml`."""
    return quote(ref, safe="/:#?&=%~!$'()*+,;@[]-._")


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=2**16)
def _absolute(base: str, ref: str) -> Place:
    uri, fragment = urldefrag(urljoin(base, as_uri(ref)))
    return Place(uri, unquote(fragment))


@lru_cache(maxsize=2**14)
def _path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _anchors(node: Any, place: Place) -> Iterator[tuple[str, Place]]:
    """Every anchor in a document, with its place. What stands below an `$id` has anchors of its own."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _anchors(item, place / index)
    elif isinstance(node, dict) and not (place.pointer and isinstance(node.get("$id"), str)):
        names = (node.get(keyword) for keyword in ("$anchor", "$dynamicAnchor"))
        yield from ((name, place) for name in names if isinstance(name, str))
        for key, value in node.items():
            yield from _anchors(value, place / key)


def _tokens(pointer: str) -> list[str]:
    tokens = pointer.split("/")[1:]
    return [token.replace("~1", "/").replace("~0", "~") for token in tokens] if "~" in pointer else tokens
