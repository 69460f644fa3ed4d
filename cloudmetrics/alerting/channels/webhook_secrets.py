"""Secrets of signed webhooks, as Standard Webhooks writes them."""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode

PREFIX = "whsec_"


def make() -> str:
    """32 random bytes."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def standard_key(secret: str) -> bytes | None:
    """What follows whsec_, out of base64, or the text that a person chose; None where it is no base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True) or None
    except binascii.Error:
        return None
