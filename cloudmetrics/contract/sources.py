"""From a point in the bundle back to the file, line and column where somebody wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudmetrics.contract.documents import Documents, Place, Unresolvable
from cloudmetrics.contract.yaml_source import escape


class Sources:
    """Knows for each component of a bundle the place that it was copied from."""

    def __init__(self, documents: Documents, names: Mapping[Place, str]) -> None:
        self.documents = documents
        self.places: dict[str, Place] = {}
        for place, address in names.items():
            # A component of the root that only refers to a file is written in the file.
            if address not in self.places or place.uri != documents.root.uri:
                self.places[address] = place

    def where(self, path: Sequence[str | int]) -> str:
        """`file:line:column` of the value at a path of the bundle, or of the nearest that is written."""
        return self.documents.where(self._place(path))

    def _place(self, path: Sequence[str | int]) -> Place:
        place, rest = self.documents.root, list(path)
        if len(path) >= 3 and path[0] == "components":
            address = f"#/components/{path[1]}/{escape(path[2])}"
            if address in self.places:
                place, rest = self.places[address], rest[3:]
        for token in rest:
            try:
                place = self._below(place, token)
            except Unresolvable:
                break
        return place

    def _below(self, place: Place, token: str | int) -> Place:
        """The nearest of a chain of references that has the token. Raises Unresolvable where none has it."""
        chain = self.documents.chain(place)
        for part in chain:
            below = part / token
            try:
                self.documents.at(below)
            except Unresolvable:
                continue
            return below
        raise Unresolvable(f"nothing at {place} has {token}")
