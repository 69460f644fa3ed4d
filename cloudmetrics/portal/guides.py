"""The guides of `docs/guides` as pages, in the order in which they are best read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "guides"
ORDER = (
    "first-steps",
    "metrics",
    "goals-funnels-visitors",
    "dashboards",
    "costs",
    "alerts",
    "reports",
    "lists",
    "writing-safely",
    "data-in-and-out",
    "accounts-and-keys",
    "oauth",
    "limits",
    "test-clock",
)


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide. `text` is CommonMark below the title, `lead` its first sentence."""

    slug: str
    title: str
    lead: str
    text: str


def guides() -> dict[str, Guide]:
    """All guides by their slug, which is the file's name."""
    return {slug: _guide(slug, (FOLDER / f"{slug}.md").read_text(encoding="utf-8")) for slug in ORDER}


def _guide(slug: str, source: str) -> Guide:
    title, _, text = source.removeprefix("# ").partition("\n")
    lead = re.split(r"(?<=[.?!])\s", text.strip(), maxsplit=1)[0]
    return Guide(slug, title, " ".join(lead.split()), _linked(text))


def _linked(text: str) -> str:
    """Links between files as links between pages."""
    text = text.replace("(../../spec/errors.yaml)", "(/docs/errors)")
    return re.sub(r"\]\(([a-z-]+)\.md\)", r"](/docs/guides/\1)", text)
