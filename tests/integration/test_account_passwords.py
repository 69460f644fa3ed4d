"""How people sign in is changed on pages: a second step, a forgotten password, a new one."""

import re
from datetime import timedelta

import pyotp

from cloudmetrics.accounts.people import second_factor
from cloudmetrics.platform import clock

from .oauth import PASSWORD, Browser, password_token
from .pages import assert_usable

NEW = "another battery of horses"
HALF_A_MINUTE = timedelta(seconds=30)


async def test_a_second_factor_is_turned_on_used_and_turned_off(signed_in, app, person, database, now):
    page = await signed_in.open("/account")
    wrong = await signed_in.submit(page, "/account/second-factor", current="wrong")
    assert wrong.status_code == 400
    enrol = await signed_in.submit(page, "/account/second-factor", current=PASSWORD)
    assert "<svg" in enrol.text
    assert_usable(enrol.text)
    secret = re.search(r'class="key">([A-Z2-7]+)<', enrol.text)[1]
    totp = pyotp.TOTP(secret)

    mistyped = await signed_in.submit(enrol, "/account/second-factor/confirm", code="000000")
    assert secret in mistyped.text
    right = totp.at(now - HALF_A_MINUTE)
    codes = await signed_in.submit(mistyped, "/account/second-factor/confirm", code=right)
    recovery = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", codes.text)
    assert len(recovery) == 10
    assert await second_factor.is_set_up(database, person.user)

    other = Browser(app)
    step = await other.sign_in(person)
    assert step.status_code == 200
    assert PASSWORD not in step.text
    assert_usable(step.text)
    wrong = await other.submit(step, "/account/sign-in/code", code="000000")
    assert wrong.status_code == 400
    inside = await other.submit(wrong, "/account/sign-in/code", code=totp.at(now))
    assert (inside.status_code, inside.headers["location"]) == (303, "/account")

    off = await other.submit(
        await other.open("/account"), "/account/second-factor/remove", current=PASSWORD, code=recovery[0]
    )
    assert off.status_code == 303
    assert not await second_factor.is_set_up(database, person.user)
    await other.http.aclose()


async def test_the_second_step_is_tied_to_the_browser_and_to_five_minutes(
    signed_in, app, person, database, keyring, monkeypatch, now
):
    enrolment = await second_factor.begin(database, keyring, person.user)
    totp = pyotp.TOTP(enrolment.secret)
    await second_factor.confirm(database, keyring, person.user, totp.at(now - HALF_A_MINUTE), address=None)
    one, other = Browser(app), Browser(app)
    step = await one.sign_in(person)
    sealed = re.search(r'name="sealed" value="([0-9a-f]+)"', step.text)[1]

    page = await other.open("/account/sign-in")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
    stolen = await other.http.post(
        "/account/sign-in/code", data={"form_token": token, "sealed": sealed, "code": totp.at(now)}
    )
    assert stolen.status_code == 400
    for rubbish in ("", "zz", "00", sealed[:-2] + "00"):
        assert (await one.submit(step, "/account/sign-in/code", sealed=rubbish, code="1")).status_code == 400
    late = clock.now() + timedelta(seconds=301)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert "took too long" in (await one.submit(step, "/account/sign-in/code", code=totp.at(late))).text
    for each in (one, other):
        await each.http.aclose()


async def test_a_forgotten_password_is_told_to_nobody(browser, person):
    page = await browser.open("/account/forgotten")
    answers = []
    for email in (person.user.email, "nobody@example.com", "no address", ""):
        answer = await browser.submit(page, email=email)
        answers.append((answer.status_code, answer.text.replace(email, "") if email else None))
    assert answers[0] == answers[1]
    assert {status for status, _ in answers} == {200}


async def test_a_link_sets_a_password_once_and_signs_out_everywhere(signed_in, browser, app, person):
    other = Browser(app)
    token = await password_token(person)
    page = await other.open(f"/account/password?token={token}")
    assert person.user.email in page.text

    for password, again in (("short", "short"), (NEW, "different"), (person.user.email, person.user.email)):
        refused = await other.submit(page, "/account/password", password=password, again=again)
        assert refused.status_code == 400
        assert 'role="alert"' in refused.text
    assert (await other.submit(page, "/account/password", password=NEW, again=NEW)).status_code == 303

    assert (await signed_in.http.get("/account")).status_code == 303
    assert (await other.http.get(f"/account/password?token={token}")).status_code == 400
    assert (await other.sign_in(person, PASSWORD)).status_code == 400
    assert (await other.sign_in(person, NEW)).status_code == 303
    await other.http.aclose()


async def test_a_password_is_changed_by_whoever_knows_the_present_one(signed_in, app, person):
    other = Browser(app)
    await other.sign_in(person)
    page = await signed_in.open("/account")
    for current, password, again in (("wrong", NEW, NEW), (PASSWORD, NEW, "x"), (PASSWORD, "short", "short")):
        refused = await signed_in.submit(
            page, "/account/password/change", current=current, password=password, again=again
        )
        assert refused.status_code == 400

    changed = await signed_in.submit(
        page, "/account/password/change", current=PASSWORD, password=NEW, again=NEW
    )

    assert changed.status_code == 303
    assert (await signed_in.http.get("/account")).status_code == 200
    assert (await other.http.get("/account")).status_code == 303
    await other.http.aclose()
