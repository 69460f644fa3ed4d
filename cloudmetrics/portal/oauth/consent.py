"""/oauth/authorize: a person says whether a program may act for them, and where."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from cloudmetrics.accounts.oauth.models import Consent
from cloudmetrics.accounts.oauth.words import in_words
from cloudmetrics.accounts.oauth_clients.redirects import origin
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import Membership, User
from cloudmetrics.accounts.roles import scopes_of_role
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.portal.oauth.browser import Browser
from cloudmetrics.portal.oauth.grants import CodeGrant
from cloudmetrics.portal.oauth.server import AUTHORIZE, Server
from cloudmetrics.portal.oauth.services import Services
from cloudmetrics.portal.oauth.sign_in import to_sign_in

Answer = AnyResponse | str | tuple[str, int]


def add_consent(pages: Blueprint, services: Services, browser: Browser, server: Server) -> None:
    @pages.get(AUTHORIZE)
    def ask() -> Answer:
        try:
            grant: CodeGrant = server.get_consent_grant()
        except OAuth2Error as error:
            return refuse(server, error)
        if browser.user is None:
            return to_sign_in(f"{AUTHORIZE}?{request.query_string.decode('ascii')}")
        return page(services, browser.user, grant)

    @pages.post(AUTHORIZE)
    def decide() -> Answer:
        browser.require_own_form()
        try:
            grant: CodeGrant = server.get_consent_grant()
        except OAuth2Error as error:
            return refuse(server, error)
        if browser.user is None:
            return to_sign_in(f"{AUTHORIZE}?{request.query_string.decode('ascii')}")
        if request.form.get("decision") != "allow":
            return server.answer_to(grant, None)
        chosen = _chosen(services, browser.user)
        scopes = frozenset(grant.request.scope.split())
        if not chosen:
            return page(services, browser.user, grant, "Choose at least one workspace."), 400
        if not any(expand(scopes) & scopes_of_role(each.role) for each in chosen):
            return page(services, browser.user, grant, "Your role there allows none of this."), 400
        ids = tuple(each.workspace_id for each in chosen)
        consent = Consent(grant.client.client.id, browser.user.id, ids, scopes)
        return server.answer_to(grant, consent)


def page(services: Services, user: User, grant: CodeGrant, error: str = "") -> str:
    """What is asked, of whom, and where an answer leads."""
    # A browser holds redirects of a form to this policy, so it has to name where the code goes.
    g.form_target = origin(grant.redirect_uri)
    workspaces = _open_workspaces(services, user)
    return render_template(
        "account/consent.html",
        client=grant.client.client,
        target=origin(grant.redirect_uri),
        scopes=in_words(grant.request.scope.split()),
        workspaces=workspaces,
        ticked=_ticked(workspaces),
        user=user,
        query=request.query_string.decode("ascii"),
        error=error,
    )


def refuse(server: Server, error: OAuth2Error) -> Answer:
    """A request that cannot be asked: back to the client, if it is certain who that is, else a page."""
    if error.redirect_uri:
        answer: AnyResponse = server.handle_error_response(None, error)
        return answer
    return refuse_here(error)


def refuse_here(error: OAuth2Error) -> tuple[str, int]:
    """The page for a request that leads nowhere."""
    told = error.get_error_description() or "The program asked for something that cannot be given."
    return render_template("account/refused.html", error=error.error, told=told), 400


def _open_workspaces(services: Services, user: User) -> list[Membership]:
    found = services.call(people.memberships(services.database, user.id))
    return [each for each in found if each.deleted_at is None]


def _ticked(workspaces: list[Membership]) -> set[str]:
    """What is ticked at first: what was ticked before, else the only one there is."""
    if request.method == "POST":
        return set(request.form.getlist("workspace"))
    return {str(each.workspace_id) for each in workspaces} if len(workspaces) == 1 else set()


def _chosen(services: Services, user: User) -> list[Membership]:
    """The workspaces that were ticked and are the person's; whatever else was sent counts for nothing."""
    ticked = set(request.form.getlist("workspace"))
    return [each for each in _open_workspaces(services, user) if str(each.workspace_id) in ticked]
