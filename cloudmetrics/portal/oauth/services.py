"""What the pages under /oauth work with."""

from __future__ import annotations

from dataclasses import dataclass

from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.portal.bridge import Bridge


@dataclass(frozen=True, slots=True)
class Services:
    """The services' ingredients, and the bridge that leads to them: `services.call(people.sign_in(…))`.

    `base_url` is the issuer of all tokens, and the resource that they are for.
    """

    call: Bridge
    database: Database
    redis: Redis
    keyring: Keyring
    tokens: AccessTokens
    base_url: str
