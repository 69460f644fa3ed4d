"""What an operation is called in the SDKs: `create-website` of the tag Websites is `websites.create`."""

from __future__ import annotations

from typing import Any


def sdk_method(operation: dict[str, Any]) -> str:
    """resource.method in snake_case: the tag, and the operationId without the tag's own noun."""
    tag = operation["tags"][0].lower().split()
    nouns = {"_".join(tag), singular("_".join(tag))}
    verb, *rest = operation["operationId"].split("-")
    noun = "_".join(rest)
    for own in sorted(nouns, key=len, reverse=True):
        if noun == own:
            noun = ""
            break
        if noun.startswith(f"{own}_"):
            noun = noun.removeprefix(f"{own}_")
            break
    method = f"{verb}_{noun}" if noun else verb
    return f"{'_'.join(tag)}.{method}"


def singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun.removesuffix('ies')}y"
    return noun.removesuffix("s")
