"""OAuth 2.1 over HTTP: what each flow gives, and what ends it."""

import asyncio
from datetime import timedelta

import pytest

from cloudmetrics.platform import clock

from .oauth import CALLBACK, Browser, Program, answer_in, challenge_of, make_program

SHORT_WAIT = 1.1


async def tokens_of(browser: Browser, program: Program, *workspaces, **more) -> dict:
    """What a program gets once the person has said yes."""
    answer = answer_in(await browser.allow(program, *workspaces, **more))
    response = await program.trade(answer["code"])
    assert response.status_code == 200, response.text
    return response.json()


async def is_dead(program: Program, token: str) -> bool:
    """Whether a token that was good until now is refused within a second or so."""
    await asyncio.sleep(SHORT_WAIT)
    return (await program.call(token)).status_code == 401


@pytest.mark.requirement("PL-3")
async def test_a_person_lets_a_program_in(signed_in, program, home):
    answer = answer_in(await signed_in.allow(program, home.workspace.id))
    assert answer["state"] == "a state"
    assert answer["iss"] == "http://testserver"

    response = await program.trade(answer["code"])

    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "metrics:read websites:read"
    assert tokens["workspace_ids"] == [str(home.workspace.id)]
    assert (await program.call(tokens["access_token"])).status_code == 200
    assert (await program.call(tokens["access_token"], "/v1/workspace")).status_code == 403


@pytest.mark.requirement("PL-3")
async def test_a_client_acts_for_its_own_workspace(client, stranger, home):
    program = await make_program(
        client, stranger, grant_types=["CLIENT_CREDENTIALS"], redirect_uris=[], scopes=["websites:full"]
    )

    tokens = (await program.own_token()).json()

    assert tokens["scope"] == "websites:full"
    assert "refresh_token" not in tokens
    assert tokens["workspace_ids"] == [str(home.workspace.id)]
    made = await stranger.post(
        "/v1/websites",
        json={"name": "M", "domain": "m.example"},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert made.status_code == 201
    narrow = (await program.own_token(scope="websites:read")).json()
    assert narrow["scope"] == "websites:read"
    assert (await program.own_token(scope="metrics:read")).json()["error"] == "invalid_scope"


async def test_a_secret_is_taken_in_the_header_or_in_the_form_but_never_from_the_address(client, stranger):
    program = await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"], redirect_uris=[])
    in_form = {"client_id": program.id, "client_secret": program.secret}
    asked = {"grant_type": "client_credentials"}

    assert (await stranger.post("/oauth/token", data=asked | in_form)).status_code == 200
    assert (await stranger.post("/oauth/token", data=asked, params=in_form)).status_code == 401
    assert (await stranger.post("/oauth/token", data=in_form, params=asked)).status_code == 400
    assert (await stranger.get("/oauth/token", params=asked | in_form)).status_code == 405


@pytest.mark.parametrize(
    "secret",
    ["", "wrong", "cm_secret_", "cm_secret_" + "x" * 43, "cm_secret_\udcff", "' OR 1=1 --", "x" * 5000],
)
async def test_a_wrong_secret_gets_nothing(client, stranger, secret):
    program = await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"], redirect_uris=[])

    response = await program.own_token(auth=(program.id, secret.encode("utf-8", "surrogateescape")))

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"
    assert response.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !", "Basic /w==", "Basic //79", "Basic " + "A" * 9000, "Bearer x"]
)
async def test_a_malformed_header_is_no_credential(stranger, header):
    response = await stranger.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


@pytest.mark.parametrize("kind", ["CONFIDENTIAL", "PUBLIC"])
async def test_a_refresh_token_is_replaced_by_each_use(signed_in, client, stranger, home, kind):
    program = await make_program(client, stranger, kind=kind)
    first = await tokens_of(signed_in, program, home.workspace.id)

    second = (await program.refresh(first["refresh_token"])).json()
    third = (await program.refresh(second["refresh_token"])).json()

    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    for each in (first, second, third):
        assert (await program.call(each["access_token"])).status_code == 200


async def test_a_refresh_can_narrow_the_scope_and_never_widen_it(signed_in, program, home):
    first = await tokens_of(signed_in, program, home.workspace.id, scope="metrics:read websites:read")

    narrow = (await program.refresh(first["refresh_token"], scope="metrics:read")).json()
    wide = await program.refresh(narrow["refresh_token"], scope="metrics:read websites:full")
    again = (await program.refresh(narrow["refresh_token"])).json()

    assert narrow["scope"] == "metrics:read"
    assert (await program.call(narrow["access_token"])).status_code == 403
    assert wide.json()["error"] == "invalid_scope"
    assert again["scope"] == "metrics:read websites:read"


async def test_a_refresh_token_that_is_used_twice_ends_all_that_it_gave(signed_in, program, home):
    first = await tokens_of(signed_in, program, home.workspace.id)
    second = (await program.refresh(first["refresh_token"])).json()
    assert (await program.call(second["access_token"])).status_code == 200

    again = await program.refresh(first["refresh_token"])

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await program.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert await is_dead(program, second["access_token"])


async def test_of_many_refreshes_at_once_one_succeeds_and_the_grant_ends(signed_in, program, home):
    first = await tokens_of(signed_in, program, home.workspace.id)

    answers = await asyncio.gather(*(program.refresh(first["refresh_token"]) for _ in range(8)))

    good = [each.json() for each in answers if each.status_code == 200]
    assert len(good) == 1
    assert (await program.refresh(good[0]["refresh_token"])).json()["error"] == "invalid_grant"
    assert await is_dead(program, good[0]["access_token"])


async def test_a_code_that_comes_twice_ends_what_it_gave(signed_in, program, home):
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]
    tokens = (await program.trade(code)).json()

    again = await program.trade(code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await program.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await is_dead(program, tokens["access_token"])


async def test_of_many_who_bring_one_code_at_once_one_gets_tokens(signed_in, program, home):
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]

    answers = await asyncio.gather(*(program.trade(code) for _ in range(8)))

    good = [each.json() for each in answers if each.status_code == 200]
    assert len(good) == 1
    assert await is_dead(program, good[0]["access_token"])


async def test_a_code_is_good_for_a_minute(signed_in, program, home, monkeypatch):
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]
    late = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: late)

    assert (await program.trade(code)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_is_good_for_thirty_days(signed_in, program, home, monkeypatch):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=29, hours=23))
    next_one = (await program.refresh(tokens["refresh_token"])).json()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=60))

    assert (await program.refresh(next_one["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_is_for_the_client_that_it_was_made_for(signed_in, program, client, stranger, home):
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]
    other = await make_program(client, stranger)
    other.verifier = program.verifier

    assert (await other.trade(code)).json()["error"] == "invalid_grant"
    assert (await program.trade(code)).status_code == 200


async def test_a_refresh_token_is_for_the_client_that_got_it(signed_in, program, client, stranger, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    other = await make_program(client, stranger)

    assert (await other.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_confidential_client_is_nothing_without_its_secret(signed_in, program, home):
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]

    response = await program.trade(code, client_id=program.id, **{}) if program.secret is None else (
        await program.post("/oauth/token", auth=None, grant_type="authorization_code", client_id=program.id,
                           code=code, redirect_uri=CALLBACK, code_verifier=program.verifier)
    )  # fmt: skip

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("verifier", [None, "", "short", "x" * 43, "a state", challenge_of("x" * 43) + "\n"])
async def test_whoever_took_a_code_is_nothing_without_the_verifier(
    signed_in, client, stranger, home, verifier
):
    program = await make_program(client, stranger, kind="PUBLIC")
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]

    response = await program.trade(code, code_verifier=verifier)

    assert response.status_code == 400
    assert response.json()["error"] in ("invalid_grant", "invalid_request")
    assert "access_token" not in response.text


async def test_the_challenge_itself_is_no_verifier(signed_in, program, home):
    """What `plain` would have let pass."""
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]
    assert (await program.trade(code, code_verifier=challenge_of(program.verifier))).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 43 + "\n"},
    ],
)
async def test_pkce_cannot_be_left_out_or_weakened(signed_in, program, change):
    response = await signed_in.http.get(program.address(**change))

    answer = answer_in(response)
    assert answer["error"] == "invalid_request"
    assert "code" not in answer
    assert answer["state"] == "a state"


async def test_a_revoked_refresh_token_ends_its_grant(signed_in, program, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)

    response = await program.post("/oauth/revoke", token=tokens["refresh_token"])

    assert response.status_code == 200
    assert (await program.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await is_dead(program, tokens["access_token"])


async def test_a_revoked_access_token_ends_alone(signed_in, program, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    assert (await program.call(tokens["access_token"])).status_code == 200

    for _ in range(2):
        revoked = await program.post(
            "/oauth/revoke", token=tokens["access_token"], token_type_hint="refresh_token"
        )
        assert revoked.status_code == 200

    assert await is_dead(program, tokens["access_token"])
    again = (await program.refresh(tokens["refresh_token"])).json()
    assert (await program.call(again["access_token"])).status_code == 200


async def test_nobody_revokes_or_looks_into_the_tokens_of_others(signed_in, program, client, stranger, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    other = await make_program(client, stranger)

    for name in ("access_token", "refresh_token"):
        assert (await other.post("/oauth/revoke", token=tokens[name])).status_code == 200
        assert (await other.post("/oauth/introspect", token=tokens[name])).json() == {"active": False}

    await asyncio.sleep(SHORT_WAIT)
    assert (await program.call(tokens["access_token"])).status_code == 200
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


async def test_introspection_tells_what_a_token_is_good_for(signed_in, program, home, person):
    tokens = await tokens_of(signed_in, program, home.workspace.id)

    access = (await program.post("/oauth/introspect", token=tokens["access_token"])).json()
    refresh = (await program.post("/oauth/introspect", token=tokens["refresh_token"])).json()

    assert access["active"] is refresh["active"] is True
    assert access["scope"] == "metrics:read websites:read"
    assert access["client_id"] == refresh["client_id"] == program.id
    assert access["sub"] == refresh["sub"] == str(person.user.id)
    assert access["exp"] - access["iat"] == 3600
    await person.become(home.workspace.id, "")
    for name in ("access_token", "refresh_token"):
        assert (await program.post("/oauth/introspect", token=tokens[name])).json() == {"active": False}
    assert (await program.post("/oauth/introspect", token="rubbish")).json() == {"active": False}


async def test_introspection_wants_a_secret(client, stranger):
    public = await make_program(client, stranger, kind="PUBLIC")
    assert (await public.post("/oauth/introspect", token="x")).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": 'a"\\\x00'}, "invalid_request"),
        ({"grant_type": "é"}, "invalid_request"),
        ({"grant_type": "x" * 3000}, "invalid_request"),
        ({"grant_type": ["client_credentials", "authorization_code"]}, "invalid_request"),
        ({"grant_type": "authorization_code", "resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
async def test_a_bad_token_request_is_told_so_in_oauths_words(stranger, form, error):
    response = await stranger.post("/oauth/token", data=form)

    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
async def test_parameters_come_as_a_form(stranger, content_type):
    response = await stranger.post(
        "/oauth/token",
        content=b'{"grant_type": "client_credentials"}',
        headers={"Content-Type": content_type},
    )
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_a_body_without_end_is_refused_before_a_thread_is_taken(stranger):
    response = await stranger.post("/oauth/token", data={"grant_type": "x" * 100_000})
    assert response.status_code == 413
    assert response.json()["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_person_cannot_be_asked_by_a_client_that_acts_by_itself(signed_in, client, stranger):
    program = await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"])
    assert answer_in(await signed_in.http.get(program.address()))["error"] == "unauthorized_client"


async def test_a_client_for_people_cannot_act_by_itself(program):
    assert (await program.own_token()).json()["error"] == "unauthorized_client"


@pytest.mark.requirement("D6-10")
async def test_a_token_may_name_the_resource_that_it_is_for(signed_in, program, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id, resource="http://testserver/v1")
    assert (await program.call(tokens["access_token"])).status_code == 200
    refused = await signed_in.http.get(program.address(resource="https://elsewhere.example"))
    assert refused.status_code == 400
