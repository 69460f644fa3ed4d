"""Signing in, with a second factor where the person has one, and out."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import (
    SecondFactorRequired,
    SignInFailed,
    TooManyAttempts,
    User,
)
from cloudmetrics.platform import clock
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.browser import Browser, safe_destination
from cloudmetrics.portal.oauth.services import Services

# How long somebody may look for their telephone.
PASSWORD_SECONDS = 300
LONGEST = {"email": 254, "password": 1024, "code": 64}


def add_sign_in(pages: Blueprint, services: Services, browser: Browser) -> None:
    @pages.get("/account/sign-in")
    def sign_in() -> AnyResponse | str:
        destination = safe_destination(request.args.get("then"))
        if browser.user is not None:
            return redirect(destination, 303)
        return _ask_for_password(services, destination)

    @pages.post("/account/sign-in")
    def password() -> AnyResponse | tuple[str, int]:
        browser.require_own_form()
        destination = safe_destination(request.form.get("then"))
        email, given = _field("email"), _field("password")
        try:
            user = _check(services, email, given, None)
        except SecondFactorRequired:
            return _ask_for_code(services, browser, destination, email, given), 200
        except SignInFailed:
            return _ask_for_password(services, destination, email, "That e-mail address and password do not "
                                     "belong together. Check both, and try again."), 400  # fmt: skip
        except TooManyAttempts as error:
            return _ask_for_password(services, destination, email, str(error)), 429
        browser.sign_in(user)
        return redirect(destination, 303)

    @pages.post("/account/sign-in/code")
    def code() -> AnyResponse | tuple[str, int]:
        browser.require_own_form()
        destination = safe_destination(request.form.get("then"))
        try:
            email, given = _unseal(services, browser, request.form.get("sealed", ""))
            user = _check(services, email, given, _field("code"))
        except ValueError:
            return _ask_for_password(services, destination, "", "That took too long. Sign in again."), 400
        except SignInFailed:
            wrong = "That code is wrong, or was used already. Wait for the next one."
            return _ask_for_code(services, browser, destination, email, given, wrong), 400
        except TooManyAttempts as error:
            return _ask_for_password(services, destination, email, str(error)), 429
        browser.sign_in(user)
        return redirect(destination, 303)

    @pages.post("/account/sign-out")
    def sign_out() -> AnyResponse:
        browser.require_own_form()
        browser.sign_out()
        return redirect("/account/sign-in", 303)


def to_sign_in(destination: str) -> AnyResponse:
    """Leads to the page for signing in, and back from there."""
    return redirect(f"/account/sign-in?{urlencode({'then': destination})}", 303)


def _check(services: Services, email: str, password: str, code: str | None) -> User:
    return services.call(
        people.sign_in(
            services.database,
            services.redis,
            services.keyring,
            email=email,
            password=password,
            code=code,
            address=client_address(),
        )
    )


def _ask_for_password(services: Services, destination: str, email: str = "", error: str = "") -> str:
    asking = parse_qs(urlsplit(destination).query).get("client_id", [""])[0]
    client = services.call(clients.find(services.database, asking)) if asking else None
    return render_template("account/sign_in.html", then=destination, client=client, email=email, error=error)


def _ask_for_code(
    services: Services, browser: Browser, destination: str, email: str, password: str, error: str = ""
) -> str:
    sealed = _seal(services, browser, email, password)
    return render_template("account/second_factor.html", then=destination, sealed=sealed, error=error)


def _seal(services: Services, browser: Browser, email: str, password: str) -> str:
    """The password on its way to the browser and back: for us alone, from this browser, for a while."""
    until = clock.now().timestamp() + PASSWORD_SECONDS
    purpose = f"sign-in {browser.form_token()}"
    return services.keyring.seal(purpose, orjson.dumps([until, email, password])).hex()


def _unseal(services: Services, browser: Browser, sealed: str) -> tuple[str, str]:
    """Raises ValueError."""
    purpose = f"sign-in {browser.form_token()}"
    until, email, password = orjson.loads(services.keyring.unseal(purpose, bytes.fromhex(sealed)))
    if clock.now().timestamp() > until:
        raise ValueError("too late")
    return email, password


def _field(name: str) -> str:
    """A field of a form, as far as anybody can have meant it."""
    return request.form.get(name, "")[: LONGEST[name]]
