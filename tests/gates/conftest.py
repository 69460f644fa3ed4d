"""A small project that passes every gate, to be broken in one way at a time."""

import shutil
from pathlib import Path

import pytest

from cloudmetrics.gates.models import Project

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Small(Project):
    """A copy of the small project. `edit` replaces a text that has to be there exactly once."""

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    root = tmp_path / "small"
    shutil.copytree(HERE / "small", root, ignore=shutil.ignore_patterns("__pycache__", "build"))
    shutil.copy(ROOT / ".spectral.yml", root)
    return Small(root)


@pytest.fixture
def fuzzed(small: Small) -> Small:
    return Small(small.root, fuzz_seconds=10)


@pytest.fixture(scope="session", autouse=True)
def with_tools(tools: None) -> None:
    """Gates call other programs."""
