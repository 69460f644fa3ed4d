"""Answers of which only some fields were asked for, with `fields=`."""

from __future__ import annotations

from typing import Any


class Sparse:
    """What came, as attributes: texts and numbers as they stand in JSON, without what was left out."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getattr__(self, name: str) -> Any:
        try:
            return _wrapped(self._data[name])
        except KeyError:
            raise AttributeError(f"{name} is not in the answer; `fields` names what is asked for") from None

    def __repr__(self) -> str:
        return f"Sparse({self._data!r})"

    def to_dict(self) -> dict[str, Any]:
        return self._data


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return Sparse(value)
    return [_wrapped(each) for each in value] if isinstance(value, list) else value
