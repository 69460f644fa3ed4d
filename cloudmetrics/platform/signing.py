"""Keys for hashing, signing and sealing, all derived from the one secret key of the settings."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIGNATURE_BYTES = 16
NONCE_BYTES = 12
MINIMUM_SECRET = 32


class Keyring:
    """Derives a key per purpose, so that what one purpose signs is worth nothing for another.

    Raises ValueError where the secret key is too short to be one.
    """

    def __init__(self, secret_key: bytes) -> None:
        if len(secret_key) < MINIMUM_SECRET:
            raise ValueError(f"the secret key must have at least {MINIMUM_SECRET} bytes")
        self._secret = secret_key
        self._keys: dict[str, bytes] = {}

    def digest(self, purpose: str, message: bytes) -> bytes:
        """The keyed hash of a message: 32 bytes, HMAC-SHA-256."""
        if purpose not in self._keys:
            self._keys[purpose] = hmac.digest(self._secret, purpose.encode(), sha256)
        return hmac.digest(self._keys[purpose], message, sha256)

    def sign(self, purpose: str, message: bytes) -> bytes:
        """The message, with its signature before it."""
        return self.digest(purpose, message)[:SIGNATURE_BYTES] + message

    def verify(self, purpose: str, signed: bytes) -> bytes:
        """The message of what `sign` returned. Raises ValueError where a single bit differs."""
        signature, message = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self.digest(purpose, message)[:SIGNATURE_BYTES]):
            raise ValueError("the signature does not fit")
        return message

    def seal(self, purpose: str, message: bytes) -> bytes:
        """The message, encrypted and signed (AES-256-GCM): only `unseal` of the same purpose reads it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, message, None)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """The message of what `seal` returned. Raises ValueError where a single bit differs."""
        try:
            return self._cipher(purpose).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise ValueError("the seal does not fit") from None

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(self.digest("seal", purpose.encode()))
