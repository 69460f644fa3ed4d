"""What the tests of the SDKs need beside a real server."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def with_tools(tools: None) -> None:
    """The SDKs are made and built by other programs."""
