"""An encoder of parameters by the tables of RFC 6570 and OpenAPI, which shares nothing with the engine.

Values are text, a list of texts, or a dict of texts. Every character that is not
unreserved is percent-encoded, so that delimiters in the result are delimiters.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def encode(value: Any, style: str, explode: bool, name: str) -> str:
    """The value as its style writes it: a query string, a path segment, a header or a cookie's value."""
    if style == "deepObject":
        return "&".join(f"{pct(name)}[{pct(key)}]={pct(item)}" for key, item in value.items())
    if isinstance(value, str):
        return prefixed(style, name, pct(value, style))
    if isinstance(value, list):
        return _list([pct(item, style) for item in value], style, explode, name)
    return _object({pct(k, style): pct(v, style) for k, v in value.items()}, style, explode, name)


def pct(text: str, style: str = "") -> str:
    """Percent-encoded. A dot is a delimiter where labels are exploded."""
    encoded = quote(text, safe="-_~" if style == "label" else "-_~.")
    return encoded.replace(".", "%2E") if style == "label" else encoded


def prefixed(style: str, name: str, text: str) -> str:
    before = {"label": ".", "matrix": f";{pct(name)}="}
    before |= dict.fromkeys(("form", "spaceDelimited", "pipeDelimited"), f"{pct(name)}=")
    return before.get(style, "") + text


def _list(items: list[str], style: str, explode: bool, name: str) -> str:
    if not explode:
        between = {"spaceDelimited": "%20", "pipeDelimited": "|"}.get(style, ",")
        return prefixed(style, name, between.join(items))
    if style == "label":
        return "".join(f".{item}" for item in items)
    if style == "matrix":
        return "".join(f";{pct(name)}={item}" for item in items)
    if style == "simple":
        return ",".join(items)
    return "&".join(f"{pct(name)}={item}" for item in items)


def _object(fields: dict[str, str], style: str, explode: bool, name: str) -> str:
    if not explode:
        between = {"spaceDelimited": "%20", "pipeDelimited": "|"}.get(style, ",")
        return prefixed(style, name, between.join(part for pair in fields.items() for part in pair))
    pairs = [f"{key}={item}" for key, item in fields.items()]
    if style == "label":
        return "".join(f".{pair}" for pair in pairs)
    if style == "matrix":
        return "".join(f";{pair}" for pair in pairs)
    return ",".join(pairs) if style == "simple" else "&".join(pairs)
