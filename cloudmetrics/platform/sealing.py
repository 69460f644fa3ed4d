"""Encryption of secrets that have to be read again, such as those that make one-time codes."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloudmetrics.platform.signing import Keyring

NONCE_BYTES = 12


def encrypt(keyring: Keyring, purpose: str, secret: bytes) -> bytes:
    """The secret under AES-256-GCM. `purpose` says what it is, and whose, so that it fits nowhere else."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(keyring).encrypt(nonce, secret, purpose.encode())


def decrypt(keyring: Keyring, purpose: str, sealed: bytes) -> bytes:
    """The secret again. Raises ValueError where the key or the purpose is another one."""
    try:
        return _cipher(keyring).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except InvalidTag:
        raise ValueError("this was sealed for something else") from None


def _cipher(keyring: Keyring) -> AESGCM:
    return AESGCM(keyring.digest("sealing", b""))
