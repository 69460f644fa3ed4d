"""The keys that sign access tokens: derived from the secret key, another one each month.

Every worker derives the same keys, so nothing is stored and nothing has to be
agreed on. A month's key is in the published set a month before it signs and a
month after, which is longer than anybody may cache the set and than any token
lives: a change of keys is noticed by nobody. Raising the generation replaces
all of them at once, as after a leak.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from cloudmetrics.platform import clock
from cloudmetrics.platform.signing import Keyring

ALGORITHM = "ES256"
PERIOD_SECONDS = 30 * 24 * 3600

# The order of the curve P-256: a private key is a number from 1 to below it.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class TokenKeys:
    """The keys of a deployment. `generation` is a setting, raised after a leak."""

    def __init__(self, keyring: Keyring, generation: int = 0) -> None:
        self._keyring = keyring
        self._generation = generation
        self._derived = lru_cache(maxsize=16)(self._derive)

    def current(self) -> ECKey:
        """The key that signs today."""
        return self._derived(_period())[0]

    def find(self, kid: object) -> ECKey | None:
        """The key of the published set that has this id, or None. Whatever `kid` is, it is only compared."""
        return next((key for key in self._published() if key.kid == kid), None)

    def public_set(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517): the keys of the last period, this one and the next.

        While a secret key is renewed, there are those of the older ones as well.
        """
        return {"keys": [key.as_dict(private=False) for key in self._published()]}

    def _published(self) -> list[ECKey]:
        period = _period()
        return [key for each in (period, period - 1, period + 1) for key in self._derived(each)]

    def _derive(self, period: int) -> list[ECKey]:
        """The keys of a period, that of the newest secret key first."""
        purpose = f"access token key {self._generation}"
        # Half a kilobit, so that the remainder prefers no number.
        halves = [self._keyring.digests(purpose, f"{period} {half}".encode()) for half in (1, 2)]
        return [_key(b"".join(seed)) for seed in zip(*halves, strict=True)]


def _key(seed: bytes) -> ECKey:
    private = ec.derive_private_key(int.from_bytes(seed) % (ORDER - 1) + 1, ec.SECP256R1())
    key = ECKey.import_key(private, {"use": "sig", "alg": ALGORITHM})
    return ECKey.import_key(private, {"use": "sig", "alg": ALGORITHM, "kid": key.thumbprint()})


def _period() -> int:
    return int(clock.now().timestamp()) // PERIOD_SECONDS
