"""Related things, put into an answer beside the ids that name them: `expand=website,website.goals`.

However many things are listed, each kind of related things is read once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cloudmetrics.platform.caller import Caller

Json = dict[str, Any]
# From the ids that things refer by to what belongs there: one thing, or a list of them.
Load = Callable[[Caller, list[UUID]], Awaitable[Mapping[UUID, "Json | list[Json]"]]]


@dataclass(frozen=True, slots=True)
class Relation:
    """What a thing refers to by its field `by`, and the scope that reading that takes.

    `many` says that it refers to a list, which is empty where `load` finds nothing;
    else it is null there.
    """

    by: str
    scope: str
    load: Load
    relations: Mapping[str, Relation] = field(default_factory=dict)
    many: bool = False


Relations = Mapping[str, Relation]


class MissingScope(Exception):
    """The caller may read what it asked for, but not all of what it wants in it."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = sorted(missing)
        super().__init__(f"For this answer, the credential also needs {', '.join(self.missing)}.")


async def expand(
    caller: Caller, things: list[Json], paths: Sequence[str] | None, relations: Relations
) -> None:
    """Puts what the paths name into the things. Raises MissingScope, before anything is read."""
    if not paths:
        return
    if missing := {scope for path in paths for scope in _scopes(path, relations)} - caller.scopes:
        raise MissingScope(missing)
    await _expand(caller, things, paths, relations)


async def _expand(caller: Caller, things: list[Json], paths: Sequence[str], relations: Relations) -> None:
    wanted: dict[str, list[str]] = {}
    for path in paths:
        name, _, further = path.partition(".")
        wanted.setdefault(name, []).extend([further] if further else [])
    for name, deeper in wanted.items():
        relation = relations[name]
        keys = [_id(thing[relation.by]) for thing in things]
        ids = list({key for key in keys if key is not None})
        found = await relation.load(caller, ids) if ids else {}
        nothing: list[Json] | None = [] if relation.many else None
        for key, thing in zip(keys, things, strict=True):
            thing[name] = nothing if key is None else found.get(key) or nothing
        if deeper:
            below = [each for one in found.values() for each in (one if isinstance(one, list) else [one])]
            await _expand(caller, below, deeper, relation.relations)


def _id(value: UUID | str | None) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value


def _scopes(path: str, relations: Relations) -> Iterable[str]:
    for name in path.split("."):
        yield relations[name].scope
        relations = relations[name].relations
