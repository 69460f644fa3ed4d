"""Slows down those who guess passwords, whether they try one account or many.

Attempts are counted before they are judged, so that many at the same time are
worth no more than one after the other. Redis counts for all processes; while it
is away, each process counts for itself.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from cloudmetrics.accounts.networks import counted_as
from cloudmetrics.accounts.people.models import TooManyAttempts
from cloudmetrics.platform import clock
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

# Attempts and seconds. One person mistypes; an account is tried from everywhere; one
# machine tries all accounts.
PERSON = (10, 900)
ACCOUNT = (60, 3600)
ADDRESS = (100, 900)
RESET = (5, 3600)
LARGEST_MEMORY = 10_000

Windows = dict[str, tuple[int, int]]

_local: Counter[str] = Counter()


async def admit_sign_in(redis: Redis, keyring: Keyring, account: str, address: str) -> None:
    """Counts an attempt to sign in. Raises TooManyAttempts."""
    await _admit(redis, _sign_in_windows(keyring, account, address))


async def forgive(redis: Redis, keyring: Keyring, account: str, address: str) -> None:
    """Forgets the attempts on an account that ended well. Those of the address stay."""
    person, everybody, _ = _sign_in_windows(keyring, account, address)
    _local.pop(person, None)
    _local.pop(everybody, None)
    with suppress(Unavailable):
        await redis.delete(person, everybody)


async def admit_reset(redis: Redis, keyring: Keyring, account: str, address: str) -> None:
    """Counts a wish for a new password. Raises TooManyAttempts."""
    await _admit(redis, {_key(keyring, "reset", account, RESET): RESET,
                         _key(keyring, "resets", counted_as(address), ADDRESS): ADDRESS})  # fmt: skip


def _sign_in_windows(keyring: Keyring, account: str, address: str) -> Windows:
    address = counted_as(address)
    return {
        _key(keyring, "person", f"{account} {address}", PERSON): PERSON,
        _key(keyring, "account", account, ACCOUNT): ACCOUNT,
        _key(keyring, "address", address, ADDRESS): ADDRESS,
    }


def _key(keyring: Keyring, kind: str, who: str, window: tuple[int, int]) -> str:
    """A key of the present window. Who is meant cannot be read from it."""
    digest = keyring.digest(f"sign-in {kind}", who.encode("utf-8", "surrogatepass")).hex()[:32]
    return f"sign-in:{kind}:{digest}:{_now() // window[1]}"


def _now() -> int:
    return int(clock.now().timestamp())


async def _admit(redis: Redis, windows: Windows) -> None:
    try:
        counts = await redis.count({key: seconds for key, (_, seconds) in windows.items()})
    except Unavailable:
        counts = _count_here(windows)
    exceeded = [
        seconds - _now() % seconds
        for count, (attempts, seconds) in zip(counts, windows.values(), strict=True)
        if count > attempts
    ]
    if exceeded:
        raise TooManyAttempts(max(exceeded))


def _count_here(windows: Windows) -> list[int]:
    if len(_local) > LARGEST_MEMORY:
        _local.clear()
    _local.update(windows.keys())
    return [_local[key] for key in windows]
