"""Starts one child process of the supervisor; run as a script, before anything is imported.

    python -I -S launch.py PARENT SIGNAL USER COMMAND...

PARENT is the supervisor's process id, SIGNAL the number of the signal that the
child gets when the supervisor dies, USER how the child runs: `same` as the
supervisor, `mapped` to an ordinary user by a user namespace (PostgreSQL refuses
to run as root), or the number of a user to become.

A separate program rather than `preexec_fn`, which is unsafe beside threads.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
MAPPED_USER = 1000


def map_user() -> None:
    """Enters a user namespace in which this process is an ordinary user."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    # The kernel lets a process map its group only after it gave up setgroups.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{MAPPED_USER} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{MAPPED_USER} {group} 1")


def become(user: int) -> None:
    """Becomes another user. Raises PermissionError where that user may not enter the working folder."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    os.chdir(Path.cwd())


def die_with(parent: int, signal_number: int) -> None:
    """Asks the kernel to send the signal when the parent dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return
    # This comes after every change of user, because such a change clears it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit("the supervisor died")


def main(parent: str, signal_number: str, user: str, *command: str) -> None:
    if user == "mapped":
        map_user()
    elif user != "same":
        become(int(user))
    die_with(int(parent), int(signal_number))
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[4]}: {error}")
