"""Names as Go writes them: `website_id` is WebsiteID."""

from __future__ import annotations

import re

MODULE = "cloudmetrics.example/go/cloudmetrics"
# Words that Go writes in capitals throughout.
INITIALISMS = {"id", "url", "uri", "api", "ip", "json", "http", "https", "utc", "uuid", "sql", "html", "cors"}


def go_name(name: str) -> str:
    """An exported name. It begins with a letter, whatever the wire calls it."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    made = "".join(
        word.upper() if word.lower() in INITIALISMS else word[:1].upper() + word[1:] for word in words
    )
    return made if made[:1].isalpha() else f"N{made}"


def enum_name(kind: str, value: str) -> str:
    """The constant of a value: OWNER of Role is RoleOwner."""
    return kind + go_name(value.lower() if value.isupper() else value)


def comment(text: str, indent: str = "") -> str:
    """A doc comment, or nothing."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "".join(f"{indent}//{' ' + line if line else ''}\n" for line in lines)


def field_name(name: str) -> str:
    """What is given by name: `created_at:gte` is CreatedAtGte, If-None-Match is IfNoneMatch."""
    return "".join(go_name(word) for word in re.split(r"[^A-Za-z0-9_]+", name))


def qualified(type_: str) -> str:
    """A type of the models as others call it."""
    return re.sub(r"(?<![\w.])([A-Z]\w*)", r"models.\1", type_)
