"""The portal's pages and where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import flask_swagger_ui
from flask import Flask, Response, redirect, render_template, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.portal.contract_files import as_json, as_yaml, first_server, with_samples, with_server
from cloudmetrics.portal.errors import ErrorPage, error_pages
from cloudmetrics.portal.guides import guides
from cloudmetrics.portal.markdown import inline, markdown
from cloudmetrics.portal.oauth.endpoints import AUTHORIZATION_SERVER, PROTECTED_RESOURCE
from cloudmetrics.portal.reference import build_reference
from cloudmetrics.portal.security import protect

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
SWAGGER_ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
FILES = ("/", "/openapi.json", "/openapi.yaml", AUTHORIZATION_SERVER, PROTECTED_RESOURCE)
FOLDERS = ("/docs", "/api/docs", "/oauth", "/account", "/shared")

Page = TypeVar("Page")


def is_portal_path(path: str) -> bool:
    """Whether a URL path belongs to the portal, also where it leads to its "not found" page."""
    return path in FILES or any(path == folder or path.startswith(f"{folder}/") for folder in FOLDERS)


def create_portal(bundle: Mapping[str, Any], errors: Sequence[Mapping[str, Any]], base_url: str) -> Flask:
    """The documentation of one contract, as a WSGI app.

    `bundle` is the contract as one document, `errors` the error registry (code,
    status, title, cause, cure), and `base_url` where the server is reached, as
    it stands in curl lines. All pages are drawn from them on first use and kept.
    """
    base_url = base_url.rstrip("/")
    bundle = with_samples(bundle)
    portal = Flask("cloudmetrics.portal", static_url_path="/docs/assets")
    portal.url_map.strict_slashes = False
    portal.jinja_env.filters.update(markdown=markdown, inline=inline)
    portal.jinja_env.trim_blocks = portal.jinja_env.lstrip_blocks = True
    portal.jinja_env.globals.update(api=bundle["info"], base_url=base_url)
    portal.after_request(protect)
    _pages(portal, error_pages(errors, bundle, base_url))
    _reference(portal, bundle, base_url)
    _guides(portal)
    _contract_files(portal, bundle, base_url)
    _swagger_ui(portal, bundle)
    return portal


def _pages(portal: Flask, errors: list[ErrorPage]) -> None:
    by_slug = {error.slug: error for error in errors}

    @portal.get("/")
    def home() -> AnyResponse:
        return redirect(url_for("front"))

    @portal.get("/docs")
    @_kept(HTML)
    def front() -> str:
        return render_template("front.html")

    @portal.get("/docs/errors")
    @_kept(HTML)
    def error_index() -> str:
        return render_template("errors.html", errors=errors)

    @portal.get("/docs/errors/<slug>")
    @_kept(HTML)
    def error(slug: str) -> str:
        return render_template("error.html", error=_found(by_slug, slug))

    @portal.errorhandler(404)
    def not_found(_: NotFound) -> tuple[str, int]:
        return render_template("not_found.html"), 404


def _reference(portal: Flask, bundle: Mapping[str, Any], base_url: str) -> None:
    tags = cache(lambda: {tag.slug: tag for tag in build_reference(bundle, base_url)})

    @portal.get("/docs/reference")
    @_kept(HTML)
    def reference() -> str:
        return render_template("reference/index.html", tags=tags().values())

    @portal.get("/docs/reference/<slug>")
    @_kept(HTML)
    def tag(slug: str) -> str:
        return render_template("reference/tag.html", tags=tags().values(), shown=_found(tags(), slug))


def _guides(portal: Flask) -> None:
    listed = guides()

    @portal.get("/docs/guides")
    @_kept(HTML)
    def guide_index() -> str:
        return render_template("guides/index.html", guides=listed.values())

    @portal.get("/docs/guides/<slug>")
    @_kept(HTML)
    def guide(slug: str) -> str:
        return render_template("guides/guide.html", guides=listed.values(), shown=_found(listed, slug))


def _contract_files(portal: Flask, bundle: Mapping[str, Any], base_url: str) -> None:
    document = with_server(bundle, first_server(bundle, base_url))

    @portal.get("/openapi.json")
    @_kept(JSON)
    def contract_json() -> bytes:
        return as_json(document)

    @portal.get("/openapi.yaml")
    @_kept("application/yaml; charset=utf-8")
    def contract_yaml() -> str:
        return as_yaml(document)

    @portal.get("/api/docs/openapi.json")
    @_kept(JSON)
    def contract_of_swagger_ui() -> bytes:
        # It calls the server that it was loaded from, whatever its name is from outside.
        return as_json(with_server(bundle, {"url": "/", "description": "This server"}))


def _swagger_ui(portal: Flask, bundle: Mapping[str, Any]) -> None:
    @portal.get("/api/docs")
    @_kept(HTML)
    def swagger_ui() -> str:
        return render_template("swagger.html")

    @portal.get("/api/docs/assets/<name>")
    def swagger_asset(name: str) -> Response:
        return send_from_directory(SWAGGER_ASSETS, name, max_age=3600)


def _kept(content_type: str) -> Callable[[Callable[..., str | bytes]], Callable[..., Response]]:
    """What depends on nothing but its address and the contract is drawn once, when it is first asked for."""

    def keeping(draw: Callable[..., str | bytes]) -> Callable[..., Response]:
        drawn = cache(draw)

        @wraps(draw)
        def page(**address: str) -> Response:
            return _cached(Response(drawn(**address), content_type=content_type))

        return page

    return keeping


def _found(pages: Mapping[str, Page], slug: str) -> Page:
    if slug not in pages:
        raise NotFound
    return pages[slug]


def _cached(response: Response) -> Response:
    """Let caches keep the answer and ask whether it still holds; equal content has an equal ETag."""
    response.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    response.add_etag()
    response.make_conditional(request)
    # The server tells the time of every answer itself.
    del response.headers["Date"]
    return response
