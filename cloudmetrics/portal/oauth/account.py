"""The page of somebody who is signed in: whom they let in, and how they sign in themselves."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from uuid import UUID

import segno
from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.words import in_words
from cloudmetrics.accounts.people import second_factor
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import (
    Enrolment,
    SecondFactorPresent,
    SecondFactorRequired,
    SignInFailed,
    TooManyAttempts,
    User,
    WeakPassword,
    WrongCode,
)
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.browser import HOME, Browser
from cloudmetrics.portal.oauth.passwords import DIFFERENT
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.sign_in import to_sign_in

Answer = AnyResponse | str | tuple[str, int]


def add_account(pages: Blueprint, services: Services, browser: Browser) -> None:
    def page_of_somebody(page: Callable[[User], Answer]) -> Callable[[], Answer]:
        """Asks whoever is not signed in to do so first, and takes no form that is not ours."""

        @wraps(page)
        def checked() -> Answer:
            if request.method == "POST":
                browser.require_own_form()
            return page(browser.user) if browser.user is not None else to_sign_in(HOME)

        return checked

    @pages.get(HOME)
    @page_of_somebody
    def account(user: User) -> Answer:
        return _account(services, user)

    @pages.post("/account/programs/revoke")
    @page_of_somebody
    def disallow(user: User) -> Answer:
        try:
            grant_id = UUID(request.form.get("grant", ""))
            services.call(oauth.disallow(services.database, user.id, grant_id, address=client_address()))
        except (ValueError, NotFound):
            return _account(services, user, error="That program has no access any more."), 404
        return redirect(f"{HOME}?done=program", 303)

    @pages.post("/account/password/change")
    @page_of_somebody
    def change_password(user: User) -> Answer:
        if request.form.get("password", "") != request.form.get("again"):
            return _account(services, user, error=DIFFERENT), 400
        if refusal := _not_confirmed(services, user):
            return _account(services, user, error=refusal), 400
        try:
            changed = services.call(
                people.change_password(
                    services.database,
                    user=user,
                    password=request.form.get("password", ""),
                    address=client_address(),
                )
            )
        except WeakPassword as error:
            return _account(services, user, error=str(error)), 400
        # All sessions are over now, also this one.
        browser.sign_in(changed)
        return redirect(f"{HOME}?done=password", 303)

    @pages.post("/account/second-factor")
    @page_of_somebody
    def enrol(user: User) -> Answer:
        if refusal := _not_confirmed(services, user):
            return _account(services, user, error=refusal), 400
        try:
            enrolment = services.call(second_factor.begin(services.database, services.keyring, user))
        except SecondFactorPresent as error:
            return _account(services, user, error=str(error)), 409
        return _enrol(enrolment)

    @pages.post("/account/second-factor/confirm")
    @page_of_somebody
    def confirm(user: User) -> Answer:
        code = request.form.get("code", "").replace(" ", "")[:16]
        try:
            codes = services.call(
                second_factor.confirm(
                    services.database, services.keyring, user, code, address=client_address()
                )
            )
        except WrongCode:
            enrolment = Enrolment(request.form.get("secret", "")[:64], request.form.get("uri", "")[:512])
            return _enrol(enrolment, "That code is wrong. Type the one that the app shows now."), 400
        return render_template("account/recovery_codes.html", codes=codes)

    @pages.post("/account/second-factor/remove")
    @page_of_somebody
    def remove(user: User) -> Answer:
        if refusal := _not_confirmed(services, user):
            return _account(services, user, error=refusal), 400
        services.call(second_factor.remove(services.database, user, address=client_address()))
        return redirect(f"{HOME}?done=second-factor", 303)


def _not_confirmed(services: Services, user: User) -> str:
    """Why it is not certain that the person at the keyboard is who signed in; empty where it is."""
    try:
        services.call(
            people.confirm_password(
                services.database,
                services.redis,
                services.keyring,
                user_id=user.id,
                password=request.form.get("current", "")[:1024],
                code=request.form.get("code") or None,
                address=client_address(),
            )
        )
    except (SignInFailed, SecondFactorRequired):
        return "The present password or the code is wrong."
    except TooManyAttempts as error:
        return str(error)
    return ""


def _account(services: Services, user: User, error: str = "") -> str:
    allowed = services.call(oauth.list_allowed(services.database, user.id))
    return render_template(
        "account/account.html",
        user=user,
        workspaces=services.call(people.memberships(services.database, user.id)),
        programs=[(each, in_words(each.scopes)) for each in allowed],
        second_factor=services.call(second_factor.is_set_up(services.database, user)),
        done=request.args.get("done") if not error else None,
        error=error,
    )


def _enrol(enrolment: Enrolment, error: str = "") -> str:
    drawn = io.BytesIO()
    segno.make(enrolment.uri, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, scale=5, border=3, light="#fff"
    )
    return render_template(
        "account/enrol.html", enrolment=enrolment, picture=drawn.getvalue().decode(), error=error
    )
