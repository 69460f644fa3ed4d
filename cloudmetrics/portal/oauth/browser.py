"""What the pages know of a browser: its cookie, who is signed in there, and that a form is ours.

The cookie is a random secret. Before anybody signs in it only ties a form to the
browser that it was sent to; a sign-in puts a new one in its place, so that
nobody can be signed in to a session that somebody else knows.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode

from flask import Response, g, request
from werkzeug.exceptions import Forbidden

from cloudmetrics.accounts.people.models import User
from cloudmetrics.accounts.sessions import service as sessions
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.services import Services

FIELD = "form_token"
LONGEST_SECRET = 64
HOME = "/account"
DESTINATIONS = ("/oauth/authorize?", "/account/invitation?")


class Browser:
    """The browser of the request at hand. `services` are those of the app."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.secure = services.base_url.startswith("https://")
        # The prefix keeps other hosts of the domain from setting it. It asks for the path /, so the
        # cookie travels with calls of the API too, which looks at no cookie.
        self.cookie = "__Host-cloudmetrics" if self.secure else "cloudmetrics"

    @property
    def secret(self) -> str:
        """The cookie of this browser, a new one where it has none."""
        if "secret" not in g:
            brought = request.cookies.get(self.cookie, "")
            g.secret = brought if 32 <= len(brought) <= LONGEST_SECRET else self._renew()
        return str(g.secret)

    @property
    def user(self) -> User | None:
        """Who is signed in here."""
        if "user" not in g:
            services = self.services
            g.user = services.call(sessions.find(services.database, services.keyring, self.secret))
        user: User | None = g.user
        return user

    def sign_in(self, user: User) -> None:
        services = self.services
        services.call(sessions.end(services.database, services.keyring, self.secret))
        self._renew()
        services.call(
            sessions.begin(services.database, services.keyring, user.id, self.secret, client_address())
        )
        g.user = user

    def sign_out(self) -> None:
        services = self.services
        services.call(sessions.end(services.database, services.keyring, self.secret))
        self._renew()
        g.user = None

    def form_token(self) -> str:
        """What a form of ours carries, worth something in this browser only."""
        digest = self.services.keyring.digest("form", self.secret.encode("utf-8", "surrogatepass"))
        return urlsafe_b64encode(digest).decode()

    def require_own_form(self) -> None:
        """Raises Forbidden where a form does not come from a page of ours, in this browser."""
        given = request.form.get(FIELD, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self.form_token().encode()):
            raise Forbidden

    def keep(self, response: Response) -> Response:
        """Sets the cookie where it is new."""
        if g.get("renewed"):
            response.set_cookie(
                self.cookie, self.secret, path="/", secure=self.secure, httponly=True, samesite="Lax"
            )
        return response

    def _renew(self) -> str:
        g.secret, g.renewed = secrets.token_urlsafe(32), True
        return str(g.secret)


def safe_destination(asked: str | None) -> str:
    """Where to go after signing in: one of our own pages, whatever was asked for."""
    if asked and asked.startswith(DESTINATIONS) and asked.isascii() and asked.isprintable():
        return asked
    return HOME
