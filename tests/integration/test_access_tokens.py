"""Access tokens at the API: what counts as one, where it is good, and what it loses."""

import base64
import hmac
import json
import time
from hashlib import sha256
from itertools import product
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from cloudmetrics.accounts.oauth.access_tokens import AccessTokens
from cloudmetrics.accounts.oauth.token_keys import PERIOD_SECONDS, TokenKeys
from cloudmetrics.platform import clock
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

from .conftest import BASE_URL
from .oauth import answer_in, make_program


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(token: str) -> tuple[dict, dict]:
    parts = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]
    return parts[0], parts[1]


@pytest.fixture
def our_keys(keyring) -> TokenKeys:
    """The keys of the app: whoever knows the secret key can sign what they like."""
    return TokenKeys(keyring)


@pytest.fixture
async def machine(client, stranger):
    return await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"], scopes=["websites:read"])


@pytest.fixture
async def token(machine) -> str:
    return (await machine.own_token()).json()["access_token"]


async def tokens_of(browser, program, *workspaces, **more) -> dict:
    answer = answer_in(await browser.allow(program, *workspaces, **more))
    return (await program.trade(answer["code"])).json()


async def test_a_token_is_what_rfc_9068_says(token, machine, home):
    header, claims = decoded(token)

    assert header["typ"] == "at+jwt"
    assert header["alg"] == "ES256"
    assert claims["iss"] == claims["aud"] == BASE_URL
    assert claims["sub"] == claims["client_id"] == machine.id
    assert claims["exp"] - claims["iat"] == 3600
    assert {"jti", "scope"} <= claims.keys()
    assert (await machine.call(token)).status_code == 200


async def test_a_token_that_was_signed_by_the_right_key_is_good(our_keys, token, machine):
    """Else the attacks below would fail for the wrong reason."""
    header, claims = decoded(token)
    again = jwt.encode(header, claims | {"jti": str(uuid4())}, our_keys.current(), ["ES256"])
    assert (await machine.call(again)).status_code == 200


def signed_anew(our_keys: TokenKeys, token: str, header: dict | None = None, **claims: object) -> str:
    """A token of the app's own key, with other claims; None takes one away."""
    old_header, old_claims = decoded(token)
    merged = {key: value for key, value in (old_claims | claims).items() if value is not None}
    return jwt.encode(old_header | (header or {}), merged, our_keys.current(), ["ES256"])


NOW = int(time.time())


@pytest.mark.requirement("D6-7")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": BASE_URL + "/"},
        {"iss": [BASE_URL]},
        {"iss": None},
        {"aud": "https://elsewhere.example"},
        {"aud": ["https://elsewhere.example"]},
        {"aud": BASE_URL + "/v1"},
        {"aud": []},
        {"aud": None},
        {"exp": NOW - 1},
        {"exp": "9999999999"},
        {"exp": None},
        {"exp": [9999999999]},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": -float("inf")},
        {"nbf": NOW + 3600},
        {"nbf": "x"},
        {"iat": NOW + 3600},
        {"iat": None},
        {"jti": None},
        {"jti": "../../etc/passwd"},
        {"client_id": str(uuid4())},
        {"client_id": None},
        {"scope": None},
        {"scope": ["websites:read"]},
        {"workspace_ids": []},
        {"workspace_ids": None},
        {"workspace_ids": [str(uuid4())]},
        {"workspace_ids": "x"},
        {"grant_id": str(uuid4())},
        {"grant_id": "x"},
    ],
)
async def test_a_token_with_wrong_claims_is_none_even_under_the_right_key(our_keys, token, machine, claims):
    assert (await machine.call(signed_anew(our_keys, token, **claims))).status_code == 401


@pytest.mark.parametrize("typ", ["JWT", "id+jwt", "logout+jwt", "dpop+jwt", None, "", 7, ["at+jwt"]])
async def test_another_kind_of_jwt_is_no_access_token(our_keys, token, machine, typ):
    """An ID token of the same issuer, for instance."""
    header = decoded(token)[0] | {"typ": typ}
    if typ is None:
        header.pop("typ")
    claims = decoded(token)[1]
    forged = sign_es256(our_keys.current(), header, claims)
    assert (await machine.call(forged)).status_code == 401


def sign_es256(key: ECKey, header: dict, claims: dict) -> str:
    """Signs whatever header there is, as no careful library does."""
    body = f"{encoded(header)}.{encoded(claims)}"
    r, s = decode_dss_signature(key.private_key.sign(body.encode(), ec.ECDSA(SHA256())))
    return f"{body}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"


def sign_hmac(secret: bytes, header: dict, claims: dict) -> str:
    body = f"{encoded(header)}.{encoded(claims)}"
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), sha256))}"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS256", "RS256", "EdDSA", "ES384"]
)
async def test_no_other_algorithm_counts(token, machine, algorithm):
    header, claims = decoded(token)
    header["alg"] = algorithm
    body = f"{encoded(header)}.{encoded(claims)}"
    for signature in ("", token.split(".")[2], "AA"):
        assert (await machine.call(f"{body}.{signature}")).status_code == 401


async def test_the_public_key_is_no_secret(our_keys, token, machine, stranger):
    """HMAC with whatever a forger may take for the secret."""
    header, claims = decoded(token)
    published = (await stranger.get("/oauth/jwks")).json()
    secrets = [json.dumps(each).encode() for each in published["keys"]]
    secrets += [
        our_keys.current().as_pem(private=False),
        our_keys.current().as_der(private=False),
        b"",
        b"secret",
    ]
    for secret in secrets:
        forged = sign_hmac(secret, header | {"alg": "HS256"}, claims)
        assert (await machine.call(forged)).status_code == 401


async def test_a_key_that_comes_with_the_token_opens_nothing(token, machine):
    header, claims = decoded(token)
    mine = ECKey.generate_key("P-256")
    tricks = [
        {"jwk": mine.as_dict(private=False)},
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"x5c": ["MIIB"]},
        {"kid": mine.thumbprint(), "jwk": mine.as_dict(private=False)},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ]
    for trick in tricks:
        assert (await machine.call(sign_es256(mine, header | trick, claims))).status_code == 401


async def test_extra_headers_of_a_genuine_token_are_not_followed(our_keys, token, machine):
    header, claims = decoded(token)
    for trick in ({"jku": "http://127.0.0.1:9/"}, {"x5u": "http://127.0.0.1:9/"}):
        assert (await machine.call(sign_es256(our_keys.current(), header | trick, claims))).status_code == 200
    crit = sign_es256(our_keys.current(), header | {"crit": ["unknown"], "unknown": 1}, claims)
    assert (await machine.call(crit)).status_code == 401


@pytest.mark.parametrize(
    "kid",
    ["", "x", None, 0, True, [], {}, ["x"], "../../../../dev/null", "/dev/null", "' OR '1'='1", "\x00",
     "k" * 6000, "http://127.0.0.1:9/key", "${jndi:ldap://x}"],
)  # fmt: skip
async def test_a_key_id_is_only_compared(our_keys, token, machine, kid):
    header, claims = decoded(token)
    for key in (our_keys.current(), ECKey.generate_key("P-256")):
        assert (await machine.call(sign_es256(key, header | {"kid": kid}, claims))).status_code == 401
    for secret in (b"", b"\x00", b"null"):
        forged = sign_hmac(secret, header | {"kid": kid, "alg": "HS256"}, claims)
        assert (await machine.call(forged)).status_code == 401


@pytest.mark.requirement("CM-12")
async def test_malformed_tokens_of_every_kind_look_like_a_bad_key(token, machine, stranger):
    head, body, signature = token.split(".")
    deep = encoded(b"[" * 5000 + b"]" * 5000)
    tried = [
        "eyJ..", "eyJ.a.b", f"{head}.{body}.", f"{head}..{signature}", f"{head}.{body}", f"{token}.x.y",
        f"{token}x", token[:-4] + "AAAA", f"{head}.{encoded({})}.{signature}",
        f"eyJ{deep}.{body}.{signature}",
        f"{head}.{deep}.{signature}", encoded(b"{" + b" " * 4000) + f".{body}.{signature}",
        f"{head}.{body}.{'A' * 7000}", encoded([]) + f".{body}.{signature}",
        encoded(b'{"alg":"ES256","alg":"none"}') + f".{body}.{signature}",
    ]  # fmt: skip
    bad_key = await stranger.get("/v1/websites", headers={"Authorization": "Bearer rubbish"})
    for each in tried:
        response = await machine.call(each)
        assert response.status_code == 401, each
        assert response.json() | {"trace_id": ""} == bad_key.json() | {"trace_id": ""}
        assert response.headers["www-authenticate"] == bad_key.headers["www-authenticate"]


async def test_a_signature_of_numbers_that_fit_any_key_is_none(token, machine):
    """Zero, or the order of the curve, which some libraries forgot to refuse."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    body, _, genuine = token.rpartition(".")
    r = base64.urlsafe_b64decode(genuine + "==")[:32]
    numbers = [bytes(32), order.to_bytes(32), (order - 1).to_bytes(32), (1).to_bytes(32), r]
    for first, second in product(numbers, numbers):
        assert (await machine.call(f"{body}.{encoded(first + second)}")).status_code == 401
    assert (await machine.call(token)).status_code == 200


async def test_a_token_under_a_foreign_key_of_each_kind_is_none(token, machine):
    header, claims = decoded(token)
    forged = [
        jwt.encode(header, claims, ECKey.generate_key("P-256"), ["ES256"]),
        jwt.encode(header | {"alg": "RS256"}, claims, RSAKey.generate_key(2048), ["RS256"]),
        jwt.encode(header | {"alg": "HS256"}, claims, OctKey.generate_key(256), ["HS256"]),
    ]
    for each in forged:
        assert (await machine.call(each)).status_code == 401


async def test_a_token_is_taken_from_the_header_only(token, stranger):
    elsewhere = {"Cookie": f"access_token={token}; cloudmetrics={token}"}, {"API-Key": token}
    for headers in elsewhere:
        response = await stranger.get(f"/v1/websites?access_token={token}", headers=headers)
        assert response.status_code == 401


async def test_a_stranger_learns_who_gives_out_tokens(stranger):
    challenge = (await stranger.get("/v1/websites")).headers["www-authenticate"]
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]
    resource = (await stranger.get(address)).json()
    assert resource["resource"] == BASE_URL
    server = (
        await stranger.get(f"{resource['authorization_servers'][0]}/.well-known/oauth-authorization-server")
    ).json()
    assert server["issuer"] == BASE_URL
    assert server["code_challenge_methods_supported"] == ["S256"]
    for name, address in server.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert (await stranger.get(address)).status_code in (200, 400, 405), name


async def test_the_published_keys_verify_a_token_and_hold_nothing_secret(token, stranger):
    response = await stranger.get("/oauth/jwks")
    published = response.json()["keys"]

    assert len({key["kid"] for key in published}) == 3
    assert all("d" not in key for key in published)
    (key,) = [key for key in published if key["kid"] == decoded(token)[0]["kid"]]
    assert jwt.decode(token, ECKey.import_key(key), ["ES256"]).claims["iss"] == BASE_URL
    assert response.headers["access-control-allow-origin"] == "*"
    assert "max-age" in response.headers["cache-control"]


def test_keys_change_each_month_and_nobody_notices(keyring, monkeypatch):
    """Another process, which has started at another time, agrees at every moment."""
    start = clock.now().timestamp() // PERIOD_SECONDS * PERIOD_SECONDS
    used = set()
    issued = None
    for step in range(0, 3 * PERIOD_SECONDS, PERIOD_SECONDS // 8):
        moment = clock.datetime.fromtimestamp(start + step, clock.UTC)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        one, other = TokenKeys(keyring), TokenKeys(keyring)
        assert one.public_set() == other.public_set()
        assert one.current().kid == other.current().kid
        # Whoever cached the set an hour ago has the key of now in it.
        used.add(one.current().kid)
        if issued:
            assert {one.current().kid} <= {key["kid"] for key in issued["keys"]}
        issued = one.public_set()
    assert len(used) == 3


def test_a_token_lives_over_a_change_of_keys(keyring, monkeypatch):
    start = clock.now().timestamp() // PERIOD_SECONDS * PERIOD_SECONDS
    tokens = AccessTokens(TokenKeys(keyring), BASE_URL)

    def at(seconds: float) -> None:
        moment = clock.datetime.fromtimestamp(start + seconds, clock.UTC)
        monkeypatch.setattr(clock, "now", lambda: moment)

    at(PERIOD_SECONDS - 5)
    token = tokens.issue(client_id=uuid4(), workspace_ids=(uuid4(),), scopes=frozenset({"metrics:read"}))
    at(PERIOD_SECONDS + 3000)
    assert AccessTokens(TokenKeys(keyring), BASE_URL).check(token).scopes == {"metrics:read"}


def test_a_renewed_secret_key_forgets_no_token():
    before, after = b"the secret key of before, long enough", b"the secret key that comes after it"
    old = AccessTokens(TokenKeys(Keyring(before)), BASE_URL)
    both = AccessTokens(TokenKeys(Keyring(after, [before])), BASE_URL)
    new = AccessTokens(TokenKeys(Keyring(after)), BASE_URL)
    issued = {"client_id": uuid4(), "workspace_ids": (uuid4(),), "scopes": frozenset({"metrics:read"})}
    assert both.check(old.issue(**issued)).scopes == {"metrics:read"}
    assert new.check(both.issue(**issued)).scopes == {"metrics:read"}


def test_after_a_leak_another_generation_replaces_all_keys(keyring):
    old, new = TokenKeys(keyring, 0).public_set(), TokenKeys(keyring, 1).public_set()
    assert not {key["kid"] for key in old["keys"]} & {key["kid"] for key in new["keys"]}


@pytest.mark.requirement("PL-5")
async def test_a_foreign_workspace_and_one_that_does_not_exist_look_the_same(
    signed_in, program, person, home, make_home, client, token
):
    """Also one of the person's own that the program was not let into."""
    foreign, own = await make_home(), await make_home()
    await person.join(own.workspace.id)
    allowed = (await tokens_of(signed_in, program, home.workspace.id))["access_token"]
    answers = []
    for credential in ({"Authorization": f"Bearer {allowed}"}, {"Authorization": f"Bearer {token}"},
                       {"API-Key": client.headers["API-Key"]}):  # fmt: skip
        for named in (
            foreign.workspace.id,
            own.workspace.id,
            uuid4(),
            home.workspace.sandbox_id,
            "rubbish",
            "",
        ):
            response = await program.http.get(
                "/v1/websites", headers=credential | {"X-Tenant-Id": str(named)}
            )
            answers.append((response.status_code, response.json() | {"trace_id": ""}))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 403
    assert answers[0][1]["code"] == "WORKSPACE_NOT_ALLOWED"


async def test_a_key_may_name_its_own_workspace(client, home):
    response = await client.get("/v1/websites", headers={"X-Tenant-Id": str(home.workspace.id)})
    assert response.status_code == 200


async def test_redis_being_away_changes_nothing_for_tokens(machine, token, app, monkeypatch):
    async def away(*_: object) -> None:
        raise Unavailable("Redis cannot be reached.")

    for name in ("run", "count", "delete"):
        monkeypatch.setattr(Redis, name, away)
    assert (await machine.call(token)).status_code == 200
    assert (await machine.own_token()).status_code == 200
