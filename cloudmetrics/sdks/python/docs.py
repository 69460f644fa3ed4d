"""Docstrings from the contract's descriptions."""

from __future__ import annotations

import keyword
import textwrap

from cloudmetrics.sdks.description import Method, Parameter, Resource


def python_name(name: str) -> str:
    """A name in Python: `from` is `from_`, `Idempotency-Key` is `idempotency_key`."""
    plain = name.replace("-", "_").replace(":", "_").replace(".", "_").lower()
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def of_resource(resource: Resource) -> str:
    return quoted(resource.doc)


def of_method(method: Method) -> str:
    """What the method does, what it is given, and which scope it needs."""
    parts = [f"{method.summary}.", method.description]
    if described := [each for each in method.parameters if each.doc]:
        parts.append("Args:\n" + "\n".join(_argument(each) for each in described))
    if method.scopes:
        parts.append(f"Needs the scope {' and '.join(f'`{scope}`' for scope in method.scopes)}.")
    return quoted("\n\n".join(part for part in parts if part))


def quoted(text: str) -> str:
    """A docstring, with what would end it escaped."""
    safe = text.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if safe.endswith('"'):
        safe = safe[:-1] + '\\"'
    return f'"""{safe}\n"""' if "\n" in safe else f'"""{safe}"""'


def _argument(parameter: Parameter) -> str:
    text = " ".join(parameter.doc.split("\n\n")[0].split())
    return textwrap.fill(
        f"{python_name(parameter.name)}: {text}", 92, initial_indent=" " * 4, subsequent_indent=" " * 8
    )
