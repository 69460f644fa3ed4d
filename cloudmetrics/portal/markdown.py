"""The contract's descriptions are CommonMark; this makes HTML of them."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

# HTML inside a description is shown as text, never passed on.
_COMMONMARK = MarkdownIt("commonmark", {"html": False}).enable("table")


def markdown(text: str | None) -> Markup:
    """Paragraphs, lists and tables of a description."""
    return Markup(_COMMONMARK.render(text or ""))  # noqa: S704 - the renderer escapes what it is given.


def inline(text: str | None) -> Markup:
    """A description of one paragraph, without the paragraph around it."""
    return Markup(_COMMONMARK.renderInline((text or "").strip()))  # noqa: S704 - as above.
