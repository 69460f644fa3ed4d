"""The SDKs' documentation: which programs it shows."""

from __future__ import annotations

import re
from pathlib import Path

from cloudmetrics.sdks.description import Resource
from tests.sdk.suite import ROOT

PAGES = ROOT / "generated_sdks/docs/generated"


def programs(page: Path, language: str) -> list[str]:
    """What a page shows in a language, in its order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown(resource: Resource, language: str) -> list[str]:
    """The programs of a resource's page, one for each of its methods."""
    found = programs(PAGES / f"{resource.name.replace('_', '-')}.md", language)
    assert len(found) == len(resource.methods)
    return found
