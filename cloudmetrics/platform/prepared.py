"""Statements that a connection plans once, whatever it is given later.

They are called by EXECUTE, so that several of them travel as one message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Call:
    """A prepared statement with its values."""

    statement: Prepared
    parameters: Mapping[str, Any]


class Prepared:
    """A statement with parameters like %(name)s. Names of statements are unique in the process."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = name
        names = list(dict.fromkeys(PARAMETER.findall(sql)))
        text = PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", sql)
        self.definition = f"PREPARE {name} AS {text}"
        values = ", ".join(f"%({parameter})s" for parameter in names)
        self.execution = f"EXECUTE {name} ({values})" if names else f"EXECUTE {name}"

    def __call__(self, **parameters: Any) -> Call:
        return Call(self, parameters)
