"""OAuth 2.1 beside the contract: endpoints for programs, pages for people. Its errors are RFC 6749's.

Authlib judges what programs send, the services under cloudmetrics/accounts know
and remember, and the bridge leads from one to the other.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.portal.oauth.account import add_account
from cloudmetrics.portal.oauth.browser import FIELD, Browser
from cloudmetrics.portal.oauth.consent import add_consent
from cloudmetrics.portal.oauth.endpoints import add_endpoints, make_server
from cloudmetrics.portal.oauth.passwords import add_passwords
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.sign_in import add_sign_in

__all__ = ["Services", "add_oauth"]

# A form of ours has a dozen fields at most; reading millions would only cost time.
MOST_FIELDS = 100


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
    add_account(pages, services, browser)
    _fence(programs, pages, browser)
    portal.register_blueprint(programs)
    portal.register_blueprint(pages)


def _fence(programs: Blueprint, pages: Blueprint, browser: Browser) -> None:
    """What holds for every page, and how each side hears of what went wrong."""

    @pages.context_processor
    def in_every_form() -> dict[str, object]:
        return {
            "form_token": browser.form_token,
            "form_token_field": FIELD,
            "signed_in": lambda: browser.user,
        }

    @pages.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        # Not even the origin of these addresses, some of which hold tokens, goes to other sites.
        response.headers["Referrer-Policy"] = "same-origin"
        return browser.keep(response)

    @pages.errorhandler(403)
    def foreign_form(_: HTTPException) -> tuple[str, int]:
        return render_template("account/foreign_form.html"), 403

    @pages.errorhandler(Unavailable)
    def page_away(_: Unavailable) -> tuple[str, int, dict[str, str]]:
        return render_template("account/away.html"), 503, {"Retry-After": "5"}

    @programs.errorhandler(Unavailable)
    def away(_: Unavailable) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error="temporarily_unavailable"), 503, {"Retry-After": "5"}

    @programs.before_request
    def require_form() -> tuple[Response, int] | None:
        if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
            told = "Send the parameters as application/x-www-form-urlencoded."
            return jsonify(error="invalid_request", error_description=told), 400
        return None
