"""A real server, for what is asked of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.live import Live, live_service


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_service(Path(tmp_path_factory.mktemp("suite")) / "data") as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def with_tools(tools: None) -> None:
    """The SDKs are made and built by other programs."""
