"""Setting a password, with the link of a mail."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import InvalidToken, WeakPassword
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.browser import Browser
from cloudmetrics.portal.oauth.services import Services

DIFFERENT = "The two passwords are not the same."


def add_passwords(pages: Blueprint, services: Services, browser: Browser) -> None:
    @pages.get("/account/password")
    def password_of_link() -> str | tuple[str, int]:
        return _ask(services, request.args.get("token", ""))

    @pages.post("/account/password")
    def set_password() -> AnyResponse | str | tuple[str, int]:
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
            return _worthless(error)
        browser.sign_out()
        return redirect("/account/sign-in?set=1", 303)


def _ask(services: Services, token: str, error: str = "") -> str | tuple[str, int]:
    try:
        user = services.call(people.owner_of_token(services.database, services.keyring, token))
    except InvalidToken as invalid:
        return _worthless(invalid)
    page = render_template("account/password.html", token=token, email=user.email, error=error)
    return page, 400 if error else 200


def _worthless(error: InvalidToken) -> tuple[str, int]:
    return render_template("account/refused.html", title="This link does not work", told=str(error)), 400
