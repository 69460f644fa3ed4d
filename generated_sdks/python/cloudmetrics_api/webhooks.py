"""Whether a webhook is from CloudMetrics: its signature, checked over the body as it arrived.

Both forms sign `{webhook-id}.{webhook-timestamp}.{body}` with HMAC-SHA256. `X-Signature: sha256=<hex>` is
made with the secret as it is shown; `webhook-signature: v1,<base64>`, as Standard Webhooks has it, with the
bytes that are written in base64 after `whsec_`.
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

    `body` is the body as it arrived, before anybody parsed it. `secret` is the channel's, as it was shown
    when the channel was made. An event can arrive twice: its `id` tells.

    Raises SignatureInvalid; ValueError for a secret that was not copied whole.
    """
    raw = body.encode() if isinstance(body, str) else body
    named = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not webhook_id or not timestamp:
        raise SignatureInvalid("the headers webhook-id and webhook-timestamp are needed")
    _in_time(timestamp, tolerance, time.time() if now is None else now)
    if not _signed(f"{webhook_id}.{timestamp}.".encode() + raw, named, secret):
        raise SignatureInvalid("no signature is right for this body and this secret")
    try:
        return json.loads(raw)
    except ValueError:
        raise SignatureInvalid("the body is signed, but no JSON") from None


def _signed(message: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether one of the signatures is right: while a secret is being changed, there are several."""
    if not secret:
        raise ValueError("a secret is needed to verify webhooks")
    scheme, _, signature = headers.get("x-signature", "").partition("=")
    expected = hmac.digest(secret.encode(), message, hashlib.sha256).hex()
    if scheme == "sha256" and hmac.compare_digest(signature.lower().encode(), expected.encode()):
        return True
    signatures = headers.get("webhook-signature", "").split()
    if not signatures:
        return False
    standard = f"v1,{base64.b64encode(hmac.digest(_key(secret), message, hashlib.sha256)).decode()}"
    return any(hmac.compare_digest(each.encode(), standard.encode()) for each in signatures)


def _key(secret: str) -> bytes:
    """Standard Webhooks' key: base64 after `whsec_`, and else the text itself, as its owner chose it."""
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
