"""What a guide tells to type, typed into a shell."""

import os
import re
import subprocess
from pathlib import Path

from tests.waiting import PATIENCE

from .running import PROJECT

MARK = "-- next --"


def snippets(page: str) -> list[str]:
    """The commands of a page, as the blocks stand in it."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def type_in(commands: list[str], folder: Path = PROJECT, **variables: str) -> list[str]:
    """Runs commands in one shell; returns what each printed."""
    script = f"\necho '{MARK}'\n".join(commands)
    ended = subprocess.run(
        ["sh", "-e", "-c", script],
        env={**os.environ, "NO_PROXY": "*", **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split(f"{MARK}\n")
