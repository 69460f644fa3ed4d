"""What the tests of refused contracts share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from cloudmetrics.contract import ContractInvalid

Write = Callable[..., Path]
Handlers = Callable[..., str]
HEAD_LINES = 2


def findings(load: Callable[[], Any]) -> list[tuple[str, str, str]]:
    """Every reason to refuse: (where, what, cure)."""
    with pytest.raises(ContractInvalid) as refused:
        load()
    for finding in refused.value.findings:
        assert str(finding) in str(refused.value)
        assert finding.cure
    return [(finding.where, finding.what, finding.cure) for finding in refused.value.findings]


def place_of(root: str, mark: str) -> str:
    """`spec/openapi.yaml:line:column` of the text that begins with `mark`."""
    for number, line in enumerate(dedent(root).splitlines(), HEAD_LINES + 1):
        if mark in line:
            return f"spec/openapi.yaml:{number}:{line.index(mark) + 1}"
    raise AssertionError(f"{mark} is not in the contract")


async def anything(**arguments: Any) -> None:
    return None
