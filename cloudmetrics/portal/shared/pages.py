"""Where a share link leads to."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import TooManyRequests

from cloudmetrics.boards.share_links import service as share_links
from cloudmetrics.boards.share_links.models import PAGE
from cloudmetrics.boards.showing.models import View
from cloudmetrics.platform.errors import NotFound, Unavailable
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.throttle import admit
from cloudmetrics.portal.shared.cards import HEIGHT, WIDTH, card_of

# As often as strangers may ask the API.
PER_MINUTE = 100
AWAY_SECONDS = "5"

Answer = str | tuple[str, int] | tuple[str, int, dict[str, str]]


def add_shared(portal: Flask, services: Services) -> None:
    """Adds everything under /shared."""
    pages = Blueprint("shared", __name__)

    @pages.before_request
    def count() -> None:
        admit(services, "shared", PER_MINUTE)

    @pages.get(PAGE)
    def dashboard() -> Answer:
        view = services.call(_open(services, request.args.get("token", "")))
        if view is None:
            return render_template("shared/nothing.html"), 404
        cards = [card_of(shown) for shown in view.widgets]
        return render_template(
            "shared/dashboard.html", dashboard=view.dashboard.settings, cards=cards, box=(WIDTH, HEIGHT)
        )

    @pages.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        # The address holds the token, and is nobody else's business.
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    @pages.errorhandler(TooManyRequests)
    def too_many(error: TooManyRequests) -> Answer:
        headers = {"Retry-After": str(error.retry_after)}
        return render_template("shared/away.html", busy=True), 429, headers

    @pages.errorhandler(Unavailable)
    def away(_: Unavailable) -> Answer:
        return render_template("shared/away.html", busy=False), 503, {"Retry-After": AWAY_SECONDS}

    portal.register_blueprint(pages)


async def _open(services: Services, token: str) -> View | None:
    """What the link shows; None for whatever opens nothing, or nothing any more."""
    caller = await share_links.open_link(services.database, services.keyring, token)
    if caller is None:
        return None
    try:
        return await share_links.show(caller)
    except NotFound:
        return None
