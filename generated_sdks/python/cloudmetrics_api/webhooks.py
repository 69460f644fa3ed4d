"""Whether a webhook is from CloudMetrics: its signature, checked over the body as it arrived.

Both forms sign `{webhook-id}.{webhook-timestamp}.{body}` with HMAC-SHA256: `webhook-signature`, as Standard
Webhooks writes it (`v1,<base64>`), and `X-Signature: sha256=<hex>`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from .errors import SignatureInvalid

# How old a webhook may be, and how far ahead of this machine's clock, in seconds.
TOLERANCE = 300.0
PREFIX = "whsec_"


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Any:
    """The event in a webhook, once its signature is right.

    `body` is the body as it arrived, before anybody parsed it. `secret` is the endpoint's, with or without
    `whsec_`. An event can arrive twice: its `id` tells.

    Raises SignatureInvalid.
    """
    raw = body.encode() if isinstance(body, str) else body
    named = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not webhook_id or not timestamp:
        raise SignatureInvalid("the headers webhook-id and webhook-timestamp are needed")
    _in_time(timestamp, tolerance, time.time() if now is None else now)
    digest = hmac.digest(_key(secret), f"{webhook_id}.{timestamp}.".encode() + raw, hashlib.sha256)
    if not _signed(digest, named):
        raise SignatureInvalid("no signature is right for this body and this secret")
    try:
        return json.loads(raw)
    except ValueError:
        raise SignatureInvalid("the body is signed, but no JSON") from None


def _signed(digest: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the signatures is right: while a secret is being changed, there are several."""
    expected = base64.b64encode(digest)
    for each in headers.get("webhook-signature", "").split():
        version, _, signature = each.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return True
    scheme, _, signature = headers.get("x-signature", "").partition("=")
    return scheme == "sha256" and hmac.compare_digest(signature.lower().encode(), digest.hex().encode())


def _key(secret: str) -> bytes:
    """The bytes of a secret: base64 after `whsec_`, and else the text itself, as its owner chose it."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("the secret is not whole: what follows whsec_ is no base64") from None


def _in_time(timestamp: str, tolerance: float, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise SignatureInvalid("webhook-timestamp is no number of seconds")
    if abs(now - int(timestamp)) > tolerance:
        raise SignatureInvalid("the webhook is too old, or one of the clocks is wrong")
