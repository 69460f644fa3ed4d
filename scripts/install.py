"""Makes .venv and installs the locked packages into it; called by scripts/setup with any Python that serves.

    install.py KIND CHECKSUM

KIND names the lock, requirements/KIND.txt. CHECKSUM is noted once all of it is installed.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"


def version_of(python: str) -> str:
    """The version of a Python, like 3.12; empty if it does not run."""
    command = [python, "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def make_venv() -> None:
    """Makes .venv anew unless the one that is there was finished once, and its Python still works."""
    notes = list(VENV.glob("installed-*"))
    if notes and version_of(str(PYTHON)):
        # Without its notes, an environment in which pip was interrupted is known as half-made.
        for note in notes:
            note.unlink()
        return
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        message = (made.stdout + made.stderr).strip().split("\n")
        fail(f"cannot make {VENV.absolute()}: {message[-1]}")


def install(lock: Path) -> None:
    print(f"Installing the packages of {lock} into {VENV} …", flush=True)
    options = ["--require-hashes", "--no-deps", "--quiet", "--no-input", "--disable-pip-version-check"]
    options += ["--root-user-action", "ignore"]
    command = [str(PYTHON), "-m", "pip", "install", *options, "--requirement", str(lock)]
    installed = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if installed.returncode != 0:
        errors = [line for line in installed.stderr.split("\n") if line.startswith("ERROR")]
        said = errors[-1].removeprefix("ERROR: ") if errors else "no reason"
        fail(f"the packages could not be installed; is the network there? pip says: {said}")


def fail(message: str) -> None:
    sys.exit(f"cloudmetrics: {message}")


def main(kind: str, checksum: str) -> None:
    # Only one process installs; a second one waits here, and finds all in place.
    folder = os.open("requirements", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    note = VENV / f"installed-{kind}"
    if note.exists() and note.read_text() == f"{checksum} {version_of(str(PYTHON))}\n":
        return
    try:
        make_venv()
        install(Path("requirements", f"{kind}.txt"))
        note.write_text(f"{checksum} {version_of(str(PYTHON))}\n")
    except OSError as error:
        fail(f"cannot write to {VENV.absolute()}: {error.strerror}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
