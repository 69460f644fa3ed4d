"""One-time tokens, as they travel in links: 256 random bits, of which only a keyed hash is kept."""

from __future__ import annotations

import secrets

from cloudmetrics.platform.signing import Keyring

LONGEST = 64


def new_token(keyring: Keyring, purpose: str) -> tuple[str, bytes]:
    """A token for a link, and the hash to keep."""
    token = secrets.token_urlsafe(32)
    return token, digests_of(keyring, purpose, token)[0]


def digests_of(keyring: Keyring, purpose: str, token: str) -> list[bytes]:
    """The hashes under which a token may be kept. One for another purpose has others."""
    return keyring.digests(f"one-time token: {purpose}", token[:LONGEST].encode("utf-8", "surrogatepass"))
