"""Forgotten passwords, and setting one with the link of a mail."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import InvalidToken, TooManyAttempts, WeakPassword
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.browser import Browser
from cloudmetrics.portal.oauth.services import Services

DIFFERENT = "The two passwords are not the same."
LONGEST_EMAIL = 254

Answer = AnyResponse | str | tuple[str, int]


def add_passwords(pages: Blueprint, services: Services, browser: Browser) -> None:
    @pages.get("/account/forgotten")
    def forgotten() -> Answer:
        return render_template("account/forgotten.html", email=request.args.get("email", "")[:LONGEST_EMAIL])

    @pages.post("/account/forgotten")
    def send_link() -> Answer:
        browser.require_own_form()
        email = request.form.get("email", "")[:LONGEST_EMAIL]
        try:
            services.call(
                people.begin_reset(
                    services.database,
                    services.redis,
                    services.keyring,
                    email=email,
                    address=client_address(),
                )
            )
        except TooManyAttempts as error:
            return render_template("account/forgotten.html", email=email, error=str(error)), 429
        return render_template("account/forgotten.html", email=email, sent=True)

    @pages.get("/account/password")
    def password_of_link() -> Answer:
        return _ask(services, request.args.get("token", ""))

    @pages.post("/account/password")
    def set_password() -> Answer:
        browser.require_own_form()
        token, password = request.form.get("token", ""), request.form.get("password", "")
        if password != request.form.get("again"):
            return _ask(services, token, DIFFERENT)
        try:
            services.call(
                people.finish_reset(
                    services.database,
                    services.keyring,
                    token=token,
                    password=password,
                    address=client_address(),
                )
            )
        except WeakPassword as error:
            return _ask(services, token, str(error))
        except InvalidToken as error:
            return worthless(error)
        browser.sign_out()
        return redirect("/account/sign-in?set=1", 303)


def worthless(error: InvalidToken) -> tuple[str, int]:
    """The page for a link that does not work any more."""
    return render_template("account/refused.html", title="This link does not work", told=str(error)), 400


def _ask(services: Services, token: str, error: str = "") -> Answer:
    try:
        user = services.call(people.owner_of_token(services.database, services.keyring, token))
    except InvalidToken as invalid:
        return worthless(invalid)
    page = render_template("account/password.html", token=token, email=user.email, error=error)
    return page, 400 if error else 200
