"""Accepting an invitation, with the link of a mail."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.invitations import service as invitations
from cloudmetrics.accounts.invitations.models import Offer, PasswordRequired, WrongInvitee
from cloudmetrics.accounts.people.models import EmailTaken, InvalidToken, User, WeakPassword
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.browser import HOME, Browser
from cloudmetrics.portal.oauth.passwords import DIFFERENT, worthless
from cloudmetrics.portal.oauth.services import Services

PAGE = "/account/invitation"

Answer = AnyResponse | str | tuple[str, int]


def add_invitations(pages: Blueprint, services: Services, browser: Browser) -> None:
    @pages.get(PAGE)
    def offer() -> Answer:
        return _show(services, browser, request.args.get("token", ""))

    @pages.post(PAGE)
    def accept() -> Answer:
        browser.require_own_form()
        token, password = request.form.get("token", ""), request.form.get("password")
        if password != request.form.get("again"):
            return _show(services, browser, token, DIFFERENT)
        try:
            user = _accept(services, browser.user, token, password)
        except InvalidToken as error:
            return worthless(error)
        except (WeakPassword, EmailTaken) as error:
            return _show(services, browser, token, str(error))
        except (WrongInvitee, PasswordRequired):
            # Somebody else signed in meanwhile, or out: the page says what to do now.
            return _show(services, browser, token)
        if browser.user is None:
            browser.sign_in(user)
        return redirect(f"{HOME}?done=invitation", 303)


def _accept(services: Services, user: User | None, token: str, password: str | None) -> User:
    accepted, _ = services.call(
        invitations.accept_invitation(
            services.database,
            services.keyring,
            token=token,
            user_id=user.id if user else None,
            password=password,
            address=client_address(),
        )
    )
    return accepted


def _show(services: Services, browser: Browser, token: str, error: str = "") -> Answer:
    try:
        offer: Offer = services.call(invitations.offer_of(services.database, services.keyring, token))
    except InvalidToken as invalid:
        return worthless(invalid)
    page = render_template(
        "account/invitation.html", token=token, offer=offer, user=browser.user, page=PAGE, error=error
    )
    return page, 400 if error else 200
