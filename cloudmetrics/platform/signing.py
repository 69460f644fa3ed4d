"""Keys for hashing, signing and sealing, all derived from the secret key of the settings.

A secret key is renewed without a pause: the service makes everything with the
newest, and recognises what was made with one of those before it.
"""

import hmac
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIGNATURE_BYTES = 16
NONCE_BYTES = 12
MINIMUM_SECRET = 32


class Keyring:
    """Derives a key per purpose, so that what one purpose signs is worth nothing for another.

    `previous` are secret keys whose work is still recognised. Raises ValueError
    where a secret key is too short to be one.
    """

    def __init__(self, secret_key: bytes, previous: Sequence[bytes] = ()) -> None:
        self._secrets = (secret_key, *(secret for secret in previous if secret != secret_key))
        if any(len(secret) < MINIMUM_SECRET for secret in self._secrets):
            raise ValueError(f"the secret key must have at least {MINIMUM_SECRET} bytes")
        self._keys: dict[str, list[bytes]] = {}

    def digest(self, purpose: str, message: bytes) -> bytes:
        """The keyed hash of a message: 32 bytes, HMAC-SHA-256."""
        return hmac.digest(self._keys_for(purpose)[0], message, sha256)

    def digests(self, purpose: str, message: bytes) -> list[bytes]:
        """All hashes under which a message may be known: that of `digest` first, then those of before."""
        return [hmac.digest(key, message, sha256) for key in self._keys_for(purpose)]

    def sign(self, purpose: str, message: bytes) -> bytes:
        """The message, with its signature before it."""
        return self.digest(purpose, message)[:SIGNATURE_BYTES] + message

    def verify(self, purpose: str, signed: bytes) -> bytes:
        """The message of what `sign` returned. Raises ValueError where a single bit differs."""
        signature, message = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        for digest in self.digests(purpose, message):
            if hmac.compare_digest(signature, digest[:SIGNATURE_BYTES]):
                return message
        raise ValueError("the signature does not fit")

    def seal(self, purpose: str, message: bytes) -> bytes:
        """The message, encrypted and signed (AES-256-GCM): only `unseal` of the same purpose reads it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.digest("seal", purpose.encode())).encrypt(nonce, message, None)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """The message of what `seal` returned. Raises ValueError where a single bit differs."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for key in self.digests("seal", purpose.encode()):
            with suppress(InvalidTag, ValueError):
                return AESGCM(key).decrypt(nonce, secret, None)
        raise ValueError("the seal does not fit")

    def _keys_for(self, purpose: str) -> list[bytes]:
        if purpose not in self._keys:
            self._keys[purpose] = [hmac.digest(secret, purpose.encode(), sha256) for secret in self._secrets]
        return self._keys[purpose]
