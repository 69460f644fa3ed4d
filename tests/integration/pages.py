"""What a page without scripts must have for everybody to use it."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page without scripts must have for everybody to use it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.described: set[str] = set()
        self.headings: list[str] = []
        self.buttons = 0
        self.open_labels = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "label":
            self.labelled.add(named.get("for") or "")
            self.open_labels += 1
        if tag == "input" and named.get("type") not in ("hidden",) and "aria-hidden" not in named:
            self.inputs.append(named | {"wrapped": "yes" if self.open_labels else None})
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if named.get("id"):
            self.ids.append(named["id"])
        for reference in ("aria-describedby", "aria-labelledby"):
            self.described |= set((named.get(reference) or "").split())

    def handle_endtag(self, tag):
        if tag == "label":
            self.open_labels -= 1


def assert_usable(text: str) -> None:
    page = Page(text)
    assert re.search(r"<title>\S", text)
    assert '<html lang="en">' in text
    assert page.headings.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    assert page.described <= set(page.ids)
    for each in page.inputs:
        assert each["wrapped"] or each.get("id") in page.labelled, each
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", text)
