"""The pages for people: signing in, passwords, invitations, the account. No script is needed."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudmetrics.accounts import tokens
from cloudmetrics.accounts.invitations import service as invitations
from cloudmetrics.accounts.invitations import store as invitation_store
from cloudmetrics.accounts.invitations.models import Invitation
from cloudmetrics.accounts.people import service as people
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.ids import new_id

from .conftest import alive, client_of, make_app, settings_for
from .oauth import PASSWORD, Browser, answer_in, make_person, password_token
from .pages import assert_usable


@pytest.fixture
async def invited(home, database, keyring):
    """Invites an address to the home workspace; the token is what the mail's link holds."""

    async def invite(email: str, role: str = "EDITOR") -> str:
        now = clock.now()
        invitation = Invitation(new_id(), email, role, None, now, now + timedelta(days=7))
        token, digest = tokens.new_token(keyring, invitations.TOKEN)
        async with database.transaction(home.workspace.id) as transaction:
            assert await invitation_store.create(transaction, home.workspace.id, invitation)
            await invitation_store.replace_token(transaction, home.workspace.id, invitation.id, digest)
        return token

    return invite


async def test_every_page_can_be_used_by_everybody(signed_in, browser, app, program, person, invited):
    stranger = Browser(app)
    token = await password_token(person)
    pages = [
        await stranger.open("/account/sign-in"),
        await stranger.open(program.address()),
        await stranger.open("/account/forgotten"),
        await stranger.open(f"/account/password?token={token}"),
        await stranger.open("/account/password?token=x"),
        await stranger.open(f"/account/invitation?token={await invited('new@example.com')}"),
        await stranger.http.get(program.address(redirect_uri="https://evil.example")),
        await stranger.http.post("/account/sign-in", data={"email": "x"}),
        await signed_in.open("/account"),
        await signed_in.open(program.address()),
        await signed_in.allow(program),
    ]
    pages.append(await stranger.submit(pages[0], email=person.user.email, password="wrong"))
    pages.append(await stranger.submit(pages[2], email=person.user.email))
    for page in pages:
        assert_usable(page.text)
    assert 'role="alert"' in pages[-2].text
    assert "<title>Error: " in pages[-2].text
    assert 'role="status"' in pages[-1].text
    await stranger.http.aclose()


@pytest.mark.requirement("PL-12")
async def test_pages_cannot_be_framed_scripted_or_kept(signed_in, stranger, program):
    for path in ("/account/sign-in", "/account", program.address(), "/oauth/authorize", "/account/nothing"):
        headers = (await signed_in.http.get(path)).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["style-src"] == "'self'"
        assert "script-src" not in policy
        assert policy["form-action"].startswith("'self'")
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert path.endswith("nothing") or headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert "access-control-allow-origin" not in headers


async def test_a_form_leads_on_to_the_program_and_nowhere_else(signed_in, program):
    policy = (await signed_in.open(program.address())).headers["content-security-policy"]
    assert "form-action 'self' https://mailer.example" in policy


async def test_the_cookie_is_for_pages_only(browser, person, stranger):
    response = await browser.sign_in(person)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("cloudmetrics=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Expires" not in cookie
    # The API looks at no cookie.
    refused = await browser.http.get("/v1/websites")
    assert refused.status_code == 401


async def test_under_https_the_cookie_is_bound_to_this_host(database_url, stores):
    settings = replace(settings_for(database_url, stores.redis_url), base_url="https://api.example.com")
    app = make_app(settings)
    async with alive(app):
        client = client_of(app)
        cookie = (await client.get("/account/sign-in")).headers["set-cookie"]
        metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
        await client.aclose()
    assert cookie.startswith("__Host-cloudmetrics=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert metadata["issuer"] == "https://api.example.com"


async def test_a_session_that_somebody_knew_before_is_worth_nothing(browser, person):
    """Whoever put a cookie of theirs into a browser is not signed in with it."""
    browser.http.cookies.set("cloudmetrics", "k" * 43, domain="testserver.local", path="/")
    planted = Browser(browser.http._transport.app)
    planted.http.cookies.set("cloudmetrics", "k" * 43, domain="testserver.local", path="/")

    assert (await browser.sign_in(person)).status_code == 303

    assert (await browser.http.get("/account")).status_code == 200
    assert (await planted.http.get("/account")).status_code == 303
    await planted.http.aclose()


@pytest.mark.requirement("CM-14")
async def test_a_sign_in_stands_in_the_log_of_each_workspace(signed_in, database, person):
    (membership,) = await people.memberships(database, person.user.id)
    rows = await database.read(
        membership.workspace_id,
        "SELECT user_id, address, subject_id FROM audit_log WHERE action = 'SIGNED_IN'",
    )
    assert [(row["user_id"], row["subject_id"]) for row in rows] == [(person.user.id, person.user.id)]
    assert rows[0]["address"]


async def test_signing_out_ends_the_session_and_not_only_the_cookie(signed_in):
    kept = signed_in.http.cookies["cloudmetrics"]
    page = await signed_in.open("/account")
    await signed_in.submit(page, "/account/sign-out")

    signed_in.http.cookies.clear()
    signed_in.http.cookies.set("cloudmetrics", kept)
    assert (await signed_in.http.get("/account")).status_code == 303


async def test_a_session_lasts_twelve_hours(signed_in, monkeypatch):
    late = clock.now() + timedelta(hours=12, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert (await signed_in.http.get("/account")).status_code == 303


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/oauth/authorize",
        "/v1/websites",
        "javascript:x",
        "/oauth/authorize?\r\nX: y",
        "/oauth/authorize@evil.example?",
        "https://evil.example/oauth/authorize?",
        "é",
        "/account/sign-out",
        " /oauth/authorize?x",
    ],
)
async def test_nobody_is_led_away_after_signing_in(app, person, signed_in, then):
    already = await signed_in.http.get("/account/sign-in", params={"then": then})
    assert already.headers["location"] == "/account"
    other = Browser(app)
    page = await other.http.get("/account/sign-in", params={"then": then})
    response = await other.submit(page, email=person.user.email, password=PASSWORD)
    assert response.headers["location"] == "/account"
    await other.http.aclose()


async def test_where_to_go_on_cannot_be_changed_in_the_form(browser, person):
    page = await browser.open("/account/sign-in")
    response = await browser.submit(
        page, email=person.user.email, password=PASSWORD, then="https://evil.example"
    )
    assert response.headers["location"] == "/account"


@pytest.mark.parametrize(
    "path",
    [
        "/account/sign-in",
        "/account/sign-in/code",
        "/account/forgotten",
        "/account/password",
        "/account/invitation",
        "/account/sign-out",
        "/account/second-factor",
        "/account/second-factor/remove",
        "/account/password/change",
        "/account/programs/revoke",
        "/oauth/authorize",
    ],
)
async def test_every_form_has_to_be_ours(signed_in, path):
    for form in ({}, {"form_token": ""}, {"form_token": "x"}, {"form_token": "é"}):
        response = await signed_in.http.post(
            path, data=form | {"email": "a@example.com", "password": PASSWORD}
        )
        assert response.status_code == 403, path
    assert (await signed_in.http.get("/account")).status_code == 200


async def test_who_has_no_account_and_who_mistypes_get_the_same_answer(browser, person):
    page = await browser.open("/account/sign-in")
    unknown = await browser.submit(page, email="nobody@example.com", password=PASSWORD)
    wrong = await browser.submit(page, email=person.user.email, password="wrong")
    assert (unknown.status_code, wrong.status_code) == (400, 400)
    assert unknown.text.replace("nobody@example.com", "") == wrong.text.replace(person.user.email, "")


async def test_guessing_is_slowed_down(browser, person, now):
    page = await browser.open("/account/sign-in")
    answers = [await browser.submit(page, email=person.user.email, password=f"guess {n}") for n in range(12)]
    assert answers[-1].status_code == 429
    assert "Try again in" in answers[-1].text
    right = await browser.submit(page, email=person.user.email, password=PASSWORD)
    assert right.status_code == 429


async def test_a_newcomer_accepts_an_invitation(browser, invited, home):
    token = await invited("newcomer@example.com")
    page = await browser.open(f"/account/invitation?token={token}")
    assert home.workspace.name in page.text
    assert "as editor" in page.text

    weak = await browser.submit(page, "/account/invitation", password="short", again="short")
    assert weak.status_code == 400
    chosen = {"password": "another battery of horses", "again": "another battery of horses"}
    joined = await browser.submit(page, "/account/invitation", **chosen)

    assert joined.status_code == 303
    assert home.workspace.name in (await browser.open("/account")).text
    assert (await browser.http.get(f"/account/invitation?token={token}")).status_code == 400


async def test_somebody_with_an_account_signs_in_to_accept(browser, person, invited, make_home):
    token = await invited(person.user.email, "VIEWER")
    address = f"/account/invitation?token={token}"
    page = await browser.open(address)
    there = re.search(r'class="button" href="([^"]+)"', page.text)[1]
    form = await browser.open(there)

    back = await browser.submit(form, "/account/sign-in", email=person.user.email, password=PASSWORD)

    assert back.headers["location"] == address


async def test_somebody_elses_invitation_cannot_be_accepted(signed_in, invited):
    page = await signed_in.open(f"/account/invitation?token={await invited('else@example.com')}")
    assert "Sign out first" in page.text
    assert 'name="password"' not in page.text


async def test_a_program_is_shut_out(signed_in, program, home, app, database, keyring):
    tokens = (
        await program.trade(answer_in(await signed_in.allow(program, home.workspace.id))["code"])
    ).json()
    page = await signed_in.open("/account")
    assert "Weekly Mailer" in page.text
    assert (await program.call(tokens["access_token"])).status_code == 200
    grant = re.search(r'name="grant" value="([^"]+)"', page.text)[1]

    stranger = await make_person(database, keyring)
    other = Browser(app)
    await other.sign_in(stranger)
    theirs = await other.open("/account")
    token = re.search(r'name="form_token" value="([^"]+)"', theirs.text)[1]
    foreign = await other.http.post("/account/programs/revoke", data={"form_token": token, "grant": grant})
    assert foreign.status_code == 404

    done = await signed_in.submit(page, "/account/programs/revoke")

    assert done.status_code == 303
    assert "Weekly Mailer" not in (await signed_in.open("/account")).text
    await asyncio.sleep(1.1)
    assert (await program.call(tokens["access_token"])).status_code == 401
    assert (await program.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    await other.http.aclose()


async def test_who_calls_too_often_waits(app, stranger, now):
    client = client_of(app)
    answers = [(await client.get("/account/sign-in")).status_code for _ in range(125)]
    refused = await client.get("/account/sign-in")
    await client.aclose()
    assert answers[0] == 200
    assert 429 in answers[100:]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await stranger.get("/account/sign-in")).status_code == 200


async def test_pages_say_so_where_the_database_is_away(stranger, monkeypatch):
    async def away(*_: object, **__: object) -> None:
        raise Unavailable("The database cannot be reached.")

    monkeypatch.setattr(Database, "read", away)
    page = await stranger.get("/account/sign-in")
    call = await stranger.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": str(new_id()), "client_secret": "x"},
    )
    assert (page.status_code, call.status_code) == (503, 503)
    assert "Try again in a moment" in page.text
    assert call.json() == {"error": "temporarily_unavailable"}
    assert page.headers["retry-after"] == call.headers["retry-after"] == "5"
