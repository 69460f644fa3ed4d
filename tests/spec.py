"""The contract of the service, loaded and compiled once for all tests of a process: it takes seconds."""

from functools import cache

from cloudmetrics.app import SPEC
from cloudmetrics.contract import Contract


@cache
def contract() -> Contract:
    """The first application that serves it compiles it for all others."""
    return Contract.load(SPEC / "openapi.yaml")
