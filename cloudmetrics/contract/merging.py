"""JSON merge patches (RFC 7396): what changes, as an object of the shape of the thing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """What becomes of a value. A null takes a field away; what is no object takes the place of all."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def whole(shown: Mapping[str, Any], patch: Mapping[str, Any], fields: Mapping[str, bool]) -> dict[str, Any]:
    """The body that replaces a thing: as it is shown, but for the patch.

    `fields` are those that can be replaced, and whether they may be null: where they
    may, that is what a null in the patch makes of them.
    """
    present = {name: value for name, value in shown.items() if name in fields}
    # What the replacement does not know stays in, for its schema to refuse.
    result: dict[str, Any] = merged(present, patch)
    return result | {name: None for name, value in patch.items() if value is None and fields.get(name)}
