"""The languages that there are SDKs in. Each writes its generated files, and counts what it has written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloudmetrics.sdks import golang, javascript, pages, python
from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.errors import GeneratorFailed

__all__ = ["LANGUAGES", "GeneratorFailed", "Language"]

ErrorCodes = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Language:
    """`write` takes what the contract offers, the error registry, and the SDK's folder.

    `operations` counts the operations in a written SDK, and gives None for one that has types alone.
    `generators` says which generators wrote it, by name and version.
    """

    name: str
    write: Callable[[Description, ErrorCodes, Path], None]
    operations: Callable[[Path], int | None]
    generators: Callable[[], dict[str, str]]


LANGUAGES = (
    Language("python", python.write, python.operations, python.generators),
    Language("javascript", javascript.write, javascript.operations, javascript.generators),
    Language("go", golang.write, golang.operations, golang.generators),
    # Speaks all of them.
    Language("docs", pages.write, pages.operations, dict),
)
