"""Passwords, as argon2id hashes with the parameters of RFC 9106 for machines with little memory.

A hash takes 64 MiB and some 50 ms on purpose. Both are kept away from the event
loop and from each other: two threads hash, and whoever else comes waits.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from cloudmetrics.accounts.people.models import WeakPassword

Result = TypeVar("Result")

SHORTEST, LONGEST = 12, 256

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# What the password of somebody who does not exist is compared with, so that it takes as long.
_NOBODY = _hasher.hash("nobody has this password")


def require_strong(password: str, email: str) -> None:
    """Raises WeakPassword. Length is what counts; rules about characters make people choose worse ones."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.strip().lower() in (email, email.partition("@")[0]):
        raise WeakPassword("A password must not be the e-mail address.")
    if len(set(password)) < 4:
        raise WeakPassword("A password needs at least 4 different characters.")


async def hashed(password: str) -> str:
    """The hash of a password, with its salt and parameters."""
    return await _in_thread(_hasher.hash, _normal(password))


async def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password of this hash. Without a hash it is not, which takes as long to say."""
    # What is longer than any password could ever match is cut, so that it costs no more.
    given = _normal(password[: LONGEST + 1])
    try:
        await _in_thread(_hasher.verify, stored or _NOBODY, given)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> bytes:
    # The same letters can be typed as different code points, depending on the keyboard.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


async def _in_thread(work: Callable[..., Result], *values: object) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *values)
