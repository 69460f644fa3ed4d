"""What of an earlier load of a contract still holds, because no change of a file can reach it.

Whoever edits a contract changes one file of hundreds, and wants to know at once what
comes of it. So files that are as they were are not read again, and what was judged
or compiled from them, and from all that they lead to, is taken over.
"""

from __future__ import annotations

from typing import Any

from cloudmetrics.contract.documents import Documents, Place

# Keywords by which a schema means another one.
LEADING = {"$ref", "$dynamicRef", "mapping"}


class Kept:
    """Compares the documents of two loads. Without an earlier one nothing is kept.

    `before` has to come from a sound contract: what is taken over is not judged again.
    """

    def __init__(self, documents: Documents, before: Documents | None = None) -> None:
        self.documents = documents
        self.before = before
        self.files: frozenset[str] = frozenset()
        self.untouched: frozenset[str] = frozenset()
        if before is None:
            return
        self.files = frozenset(
            uri
            for uri, stamp in documents.stamps.items()
            if stamp == before.stamps.get(uri) and documents.leads.get(uri) == before.leads.get(uri)
        )
        # Where a name other than a file's tells what is meant, any file may be what leads there.
        if not (documents.entangled or before.entangled):
            self.untouched = self.files - _leading_to(set(documents.contents) - self.files, documents.leads)

    def judged_alone(self, place: Place, kind: str) -> bool:
        """Whether an object was judged already, as far as its own file goes."""
        return self.before is not None and place.uri in self.files and self.before.objects.get(place) == kind

    def judged(self, place: Place, kind: str) -> bool:
        """Whether an object was judged already, with all that it leads to."""
        return place.uri in self.untouched and self.judged_alone(place, kind)

    def unreached(self, place: Place) -> bool:
        """Whether a value is as it was, with all that it leads to: its file is, or it refers to nothing."""
        if place.uri in self.untouched:
            return True
        return place.uri in self.files and bool(self.untouched) and _stands_alone(self.documents.at(place))


def _stands_alone(node: Any) -> bool:
    if isinstance(node, dict):
        return not LEADING & node.keys() and all(map(_stands_alone, node.values()))
    return not isinstance(node, list) or all(map(_stands_alone, node))


def _leading_to(changed: set[str], leads: dict[str, set[str]]) -> set[str]:
    """The changed files, and every file from which references lead to one of them."""
    holders: dict[str, set[str]] = {}
    for uri, targets in leads.items():
        for target in targets:
            holders.setdefault(target, set()).add(uri)
    reached, todo = set(changed), list(changed)
    while todo:
        for holder in holders.get(todo.pop(), set()) - reached:
            reached.add(holder)
            todo.append(holder)
    return reached
