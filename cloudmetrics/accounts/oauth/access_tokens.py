"""Access tokens: JWTs by RFC 9068, made and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from cloudmetrics.accounts.oauth.token_keys import ALGORITHM, TokenKeys
from cloudmetrics.platform import clock
from cloudmetrics.platform.ids import new_id

LIFETIME_SECONDS = 3600
LONGEST_TOKEN = 8192
TYPES = ("at+jwt", "application/at+jwt")


class InvalidToken(Exception):
    """This is no access token of ours that is good now."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says, once its signature and its dates were checked.

    A person's token names the `user_id` and the `grant_id` of what they allowed;
    a client's own token has neither. `workspace_ids` are those that it may act
    in, the first of them where a request names none. `expires_at` is in seconds
    since 1970.
    """

    id: UUID
    client_id: UUID
    workspace_ids: tuple[UUID, ...]
    scopes: frozenset[str]
    expires_at: int
    issued_at: int
    user_id: UUID | None = None
    grant_id: UUID | None = None


class AccessTokens:
    """Makes and checks the tokens of one issuer, which is also the audience that they are for."""

    def __init__(self, keys: TokenKeys, issuer: str) -> None:
        self.keys = keys
        self.issuer = issuer
        # Claims and headers that we do not use are nobody's business here, `crit` alone is refused.
        self._registry = JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)

    def issue(
        self,
        *,
        client_id: UUID,
        workspace_ids: tuple[UUID, ...],
        scopes: frozenset[str],
        user_id: UUID | None = None,
        grant_id: UUID | None = None,
    ) -> str:
        """A token that is good for an hour."""
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": str(user_id or client_id),
            "client_id": str(client_id),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": str(new_id()),
            "scope": " ".join(sorted(scopes)),
            "workspace_ids": [str(each) for each in workspace_ids],
            **({"grant_id": str(grant_id)} if grant_id else {}),
        }
        key = self.keys.current()
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key, [ALGORITHM])

    def check(self, token: str) -> AccessToken:
        """What a token says. Raises InvalidToken, the same for every reason.

        Whether it was revoked since, and what its person may still do, is not
        in the token; that is for the service to ask.
        """
        try:
            return self._read(self._verified(token))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            raise InvalidToken from None

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN or token.count(".") != 2:
            raise ValueError("no signed token")
        decoded = jwt.decode(token, self._key, [ALGORITHM], registry=self._registry)
        if str(decoded.header.get("typ")).lower() not in TYPES:
            raise ValueError("another kind of token")
        return decoded.claims

    def _key(self, signed: Any) -> Any:
        # The key is one of ours or none: `jwk`, `jku` and `x5u` in a header are not looked at.
        key = self.keys.find(signed.headers().get("kid"))
        if key is None:
            raise ValueError("unknown key")
        return key

    def _read(self, claims: dict[str, Any]) -> AccessToken:
        now = clock.now().timestamp()
        audience = claims["aud"]
        if claims["iss"] != self.issuer or self.issuer not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise ValueError("for somebody else")
        if not claims["iat"] - 60 <= now < claims["exp"] or claims.get("nbf", 0) > now:
            raise ValueError("not at this time")
        if not claims["workspace_ids"]:
            raise ValueError("good nowhere")
        grant_id = claims.get("grant_id")
        return AccessToken(
            id=UUID(claims["jti"]),
            client_id=UUID(claims["client_id"]),
            workspace_ids=tuple(UUID(each) for each in claims["workspace_ids"]),
            scopes=frozenset(claims["scope"].split()),
            expires_at=int(claims["exp"]),
            issued_at=int(claims["iat"]),
            user_id=UUID(claims["sub"]) if grant_id else None,
            grant_id=UUID(grant_id) if grant_id else None,
        )


def looks_like_one(credential: str) -> bool:
    """Whether a credential has the form of a JWT, which no API key has."""
    return credential.startswith("eyJ") and credential.count(".") == 2
