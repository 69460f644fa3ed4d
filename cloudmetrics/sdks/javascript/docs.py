"""Doc comments from the contract's descriptions, and names as JavaScript writes them."""

from __future__ import annotations

import textwrap

from cloudmetrics.sdks.description import Method, Parameter, Resource

# What cannot name a variable in a module.
WORDS = """
await break case catch class const continue debugger default delete do else enum export extends false
finally for function if implements import in instanceof interface let new null package private
protected public return static super switch this throw true try typeof var void while with yield
arguments eval
"""
RESERVED = frozenset(WORDS.split())


def camel(name: str) -> str:
    """A snake_case name in camelCase: `add_favourite` is `addFavourite`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def class_name(resource: Resource) -> str:
    """API keys is ApiKeys, as the class of a resource."""
    return "".join(word.capitalize() for word in resource.name.split("_"))


def module_name(resource: Resource) -> str:
    """API keys is api-keys, as what is imported."""
    return resource.name.replace("_", "-")


def variable(name: str) -> str:
    """A name of the wire as a variable: `dashboard_id` is `dashboardId`."""
    plain = camel(name.replace("-", "_").replace(":", "_").lower())
    return f"{plain}_" if plain in RESERVED else plain


def header_name(name: str) -> str:
    """What a header is given by: `If-Match` is `if_match`, like everything else that is given."""
    return name.replace("-", "_").lower()


def of_resource(resource: Resource) -> str:
    return comment(resource.doc)


def of_method(method: Method) -> str:
    """What the method does, what it is given by position, and which scope it needs."""
    parts = [f"{method.summary}.", method.description]
    if method.scopes:
        parts.append(f"Needs the scope {' and '.join(f'`{scope}`' for scope in method.scopes)}.")
    tags = [_argument(each) for each in method.given("path") if each.doc]
    if method.deprecated:
        tags.append("@deprecated")
    if tags:
        parts.append("\n".join(tags))
    return comment("\n\n".join(part for part in parts if part))


def comment(text: str) -> str:
    """A doc comment, which nothing in the text can end."""
    safe = text.strip().replace("*/", "*\\/")
    if "\n" not in safe:
        return f"/** {safe} */"
    lines = "\n".join(f" * {line}".rstrip() for line in safe.splitlines())
    return f"/**\n{lines}\n */"


def _argument(parameter: Parameter) -> str:
    text = " ".join(parameter.doc.split("\n\n")[0].split())
    return textwrap.fill(f"@param {variable(parameter.name)} {text}", 96, subsequent_indent="  ")
