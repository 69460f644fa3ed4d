"""Takes reports of leaked keys by the protocol of GitHub's secret scanning partners.

It stands beside the contract, because its shape is GitHub's and not ours: a JSON
array of matches, signed with ECDSA over the bytes of the body, and an array of
verdicts as the answer. The public keys come from where the settings say.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloudmetrics.accounts.api_keys.leaks import revoke_leaked
from cloudmetrics.contract import (
    MethodNotAllowed,
    PayloadTooLarge,
    Receive,
    Request,
    Scope,
    Send,
    Unauthorized,
)
from cloudmetrics.gateway.limits.service import Limits
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.signing import Keyring

logger = logging.getLogger(__name__)

PATH = "/leak-reports/github"
REPORTER = "GitHub"
LARGEST_BODY = 1_048_576
MOST_MATCHES = 1_000
# GitHub rotates its keys now and then; an unknown one is looked for at most so often.
REFRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
FETCH_SECONDS = 5.0

PublicKeys = Mapping[str, ec.EllipticCurvePublicKey]


class SigningKeys:
    """The public keys of whoever reports, fetched when one is not known yet."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: PublicKeys = {}
        self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, identifier: str) -> ec.EllipticCurvePublicKey | None:
        """The key of an identifier, or None where there is none. Raises Unavailable."""
        if identifier not in self._keys:
            async with self._lock:
                # Nobody can make us ask again and again by naming keys that do not exist.
                if identifier not in self._keys and time.monotonic() - self._asked > REFRESH_SECONDS:
                    # An answer that does not come is worth another try a little sooner.
                    self._asked = time.monotonic() - REFRESH_SECONDS + RETRY_SECONDS
                    self._keys = await self._fetch()
                    self._asked = time.monotonic()
        return self._keys.get(identifier)

    async def _fetch(self) -> PublicKeys:
        try:
            async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client:
                response = (await client.get(self._url)).raise_for_status()
            listed = orjson.loads(response.content)["public_keys"]
            return {each["key_identifier"]: _public_key(each["key"]) for each in listed}
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning("keys of leak reports unavailable", extra={"reason": type(error).__name__})
            raise Unavailable("The keys that sign reports cannot be fetched.") from error


class LeakReports:
    """An ASGI app for PATH. What is not signed counts in the window of its address."""

    def __init__(
        self, database: Database, keyring: Keyring, keys: SigningKeys, limits: Limits | None
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._keys = keys
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed({"POST"})
        headers = dict(scope["headers"])
        body = await _body(receive)
        try:
            await self._require_signature(headers, body)
        except Unauthorized:
            if self._limits is not None:
                await self._limits.admit(Request(scope, receive), None)
            raise
        verdicts = [await self._judge(match) for match in _matches(body)]
        content = orjson.dumps(verdicts)
        answer = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": answer})
        await send({"type": "http.response.body", "body": content})

    async def _require_signature(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Raises Unauthorized unless the body is signed with one of the keys."""
        identifier = headers.get(b"github-public-key-identifier", b"").decode("latin-1")
        signature = headers.get(b"github-public-key-signature", b"")
        key = await self._keys.get(identifier) if identifier and signature else None
        if key is None:
            raise Unauthorized("The report is not signed with a known key.")
        try:
            key.verify(base64.b64decode(signature, validate=True), body, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            raise Unauthorized("The signature of the report does not fit.") from None

    async def _judge(self, match: Mapping[str, Any]) -> dict[str, str]:
        """Ends the key of a match, and says whether it was one."""
        token, kind, url = (str(match.get(name) or "") for name in ("token", "type", "url"))
        was_key = await revoke_leaked(self._database, self._keyring, token, found_at=url, reporter=REPORTER)
        label = "true_positive" if was_key else "false_positive"
        return {"token_raw": token, "token_type": kind, "label": label}


def _public_key(pem: str) -> ec.EllipticCurvePublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("this is no key for ECDSA")
    return key


def _matches(body: bytes) -> Sequence[Mapping[str, Any]]:
    """What was found. Whoever signed it is trusted to mean well, not to be free of errors."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return []
    listed = found if isinstance(found, list) else []
    return [match for match in listed if isinstance(match, dict)][:MOST_MATCHES]


async def _body(receive: Receive) -> bytes:
    """Raises PayloadTooLarge."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > LARGEST_BODY:
            raise PayloadTooLarge(LARGEST_BODY)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(pieces)
