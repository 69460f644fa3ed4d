"""OAuth 2.1 beside the contract: endpoints for programs, pages for people. Its errors are RFC 6749's.

Authlib judges what programs send, the services under cloudmetrics/accounts know
and remember, and the bridge leads from one to the other.
"""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import Forbidden, TooManyRequests

from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.portal.oauth.account import add_account
from cloudmetrics.portal.oauth.browser import FIELD, Browser
from cloudmetrics.portal.oauth.consent import add_consent, refuse_here
from cloudmetrics.portal.oauth.endpoints import add_endpoints, make_server
from cloudmetrics.portal.oauth.invitations import add_invitations
from cloudmetrics.portal.oauth.passwords import add_passwords
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.sign_in import add_sign_in
from cloudmetrics.portal.oauth.throttle import PAGES, PROGRAMS, admit

__all__ = ["Services", "add_oauth"]

# A form of ours has a dozen fields at most; reading millions would only cost time.
MOST_FIELDS = 100
AWAY_SECONDS = "5"

Answer = tuple[str | Response, int, dict[str, str]]


def add_oauth(portal: Flask, services: Services, outside_issuer: str = "") -> None:
    """Adds everything under /oauth and /account, and the documents under /.well-known."""
    portal.config["MAX_FORM_PARTS"] = MOST_FIELDS
    server, browser = make_server(services), Browser(services)
    programs, pages = Blueprint("programs", __name__), Blueprint("pages", __name__)
    issuers = [services.base_url, *([outside_issuer] if outside_issuer else [])]
    add_endpoints(programs, services, server, issuers)
    add_sign_in(pages, services, browser)
    add_consent(pages, services, browser, server)
    add_passwords(pages, services, browser)
    add_invitations(pages, services, browser)
    add_account(pages, services, browser)
    _fence_programs(programs, services)
    _fence_pages(pages, services, browser)
    portal.register_blueprint(programs)
    portal.register_blueprint(pages)


def _fence_pages(pages: Blueprint, services: Services, browser: Browser) -> None:
    """What holds for every page for people."""

    @pages.before_request
    def count() -> None:
        admit(services, "pages", PAGES)

    @pages.context_processor
    def in_every_form() -> dict[str, object]:
        return {"form_token": browser.form_token, "form_token_field": FIELD}

    @pages.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        # Not even the origin of these addresses, some of which hold tokens, goes to other sites.
        response.headers["Referrer-Policy"] = "same-origin"
        return browser.keep(response)

    @pages.errorhandler(Forbidden)
    def foreign_form(_: Forbidden) -> tuple[str, int]:
        return render_template("account/foreign_form.html"), 403

    @pages.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> tuple[str, int]:
        return refuse_here(error)

    @pages.errorhandler(TooManyRequests)
    def too_many(error: TooManyRequests) -> Answer:
        return render_template("account/away.html", busy=True), 429, _wait(error)

    @pages.errorhandler(Unavailable)
    def away(_: Unavailable) -> Answer:
        return render_template("account/away.html"), 503, {"Retry-After": AWAY_SECONDS}


def _fence_programs(programs: Blueprint, services: Services) -> None:
    """What holds for every endpoint for programs."""

    @programs.before_request
    def count() -> None:
        if request.method == "POST":
            admit(services, "programs", PROGRAMS)

    @programs.before_request
    def require_form() -> Answer | None:
        if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
            told = "Send the parameters as application/x-www-form-urlencoded."
            return jsonify(error="invalid_request", error_description=told), 400, {}
        return None

    @programs.errorhandler(TooManyRequests)
    def too_many(error: TooManyRequests) -> Answer:
        return jsonify(error="temporarily_unavailable"), 429, _wait(error)

    @programs.errorhandler(Unavailable)
    def away(_: Unavailable) -> Answer:
        return jsonify(error="temporarily_unavailable"), 503, {"Retry-After": AWAY_SECONDS}


def _wait(error: TooManyRequests) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)}
