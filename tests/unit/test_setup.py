"""scripts/setup: finds a Python, heals what is broken, does nothing twice, and says what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
TOOLS = ("sh", "dirname", "cat", "cksum")


@pytest.fixture
def project(tmp_path) -> Path:
    """A project without packages to install, in a path with spaces."""
    project = tmp_path / "a project"
    (project / "scripts").mkdir(parents=True)
    for name in ("setup", "install.py"):
        shutil.copy(SCRIPTS / name, project / "scripts")
    (project / "requirements").mkdir()
    for kind in ("run", "dev"):
        (project / "requirements" / f"{kind}.txt").touch()
    return project


@pytest.fixture
def programs(tmp_path) -> Path:
    """A folder for PATH with nothing but what the script itself needs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def setup(project: Path, programs: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / "setup", "run"],
        env={"PATH": str(programs), "HOME": str(project.parent), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def pretend(programs: Path, name: str, script: str) -> None:
    program = programs / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    return line


def test_without_any_python_it_says_which_one_to_install(project, programs):
    assert "Python 3.11 or later is needed" in refusal(setup(project, programs))
    assert not (project / ".venv").exists()


def test_a_python_that_is_too_old_is_passed_over(project, programs):
    pretend(programs, "python3", "exit 1")

    assert "Python 3.11 or later is needed" in refusal(setup(project, programs))


def test_a_python_without_venv_is_named_with_the_cure(project, programs):
    pretend(programs, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')

    assert "apt install python3-venv" in refusal(setup(project, programs))


def test_a_named_python_is_the_only_one(project, programs):
    (programs / "python3").symlink_to(sys.executable)

    assert "/no/python is none" in refusal(setup(project, programs, PYTHON="/no/python"))


@pytest.mark.slow
def test_a_download_that_fails_is_told_in_one_line(project, programs):
    (programs / "python3").symlink_to(os.path.realpath(sys.executable))
    (project / "requirements" / "run.txt").write_text(f"nothing==1 --hash=sha256:{'0' * 64}\n")

    ended = setup(project, programs, PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0")

    assert "is the network there?" in refusal(ended)
    assert setup(project, programs, PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0").returncode == 1


@pytest.mark.slow
def test_it_installs_once_and_heals_a_broken_environment(project, programs):
    (programs / "python3").symlink_to(os.path.realpath(sys.executable))

    assert "Installing" in setup(project, programs).stdout
    assert setup(project, programs).stdout == ""

    # As when the Python that .venv was made with is gone.
    (project / ".venv" / "bin" / "python").unlink()
    assert "Installing" in setup(project, programs).stdout

    # As when the first installation was interrupted: what is there cannot be trusted.
    (project / ".venv" / "installed-run").unlink()
    (project / ".venv" / "half a package").touch()
    assert "Installing" in setup(project, programs).stdout
    assert not (project / ".venv" / "half a package").exists()

    # As when the lock changed.
    (project / "requirements" / "run.txt").write_text("# changed\n")
    assert "Installing" in setup(project, programs).stdout

    # As when the project moved.
    moved = project.rename(project.with_name("moved"))
    ended = setup(moved, programs)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
