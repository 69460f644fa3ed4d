"""The folder of all state: checked before it is touched, used by one supervisor at a time."""

import fcntl
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cloudmetrics.platform.processes import StartupError


@dataclass
class DataFolder:
    """A data folder and the lock on it. Each method raises StartupError, which says what to do."""

    path: Path  # resolved: without links
    _lock: int | None = field(default=None, init=False)

    def claim(self) -> None:
        """Checks that the folder can be used, and locks it if it exists; creates nothing."""
        nearest = nearest_existing(self.path)
        if not nearest.is_dir():
            raise StartupError(f"{nearest} is not a folder; choose another one with DATA_DIR=.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise StartupError(
                f"Cannot write to {nearest}; give yourself the right, or choose another DATA_DIR=."
            )
        if nearest == self.path:
            self._take_lock()

    def make(self) -> None:
        """Creates the folder where it is missing, and locks it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(exist_ok=True)
        except OSError as error:
            raise StartupError(
                f"Cannot create {self.path}: {error.strerror}; choose another DATA_DIR=."
            ) from None
        self._take_lock()

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise StartupError(
                f"{self.path} is in use by another `make run`; stop that one, or choose another DATA_DIR=."
            ) from None
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secret_key(self) -> bytes:
        """The secret of this folder, made at the first call."""
        path = self.path / "secret_key"
        with suppress(FileNotFoundError):
            return path.read_bytes().strip()
        write_private(path, secrets.token_urlsafe(48))
        return path.read_bytes().strip()


def nearest_existing(path: Path) -> Path:
    """The path, or the first folder above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())


def write_private(path: Path, content: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
