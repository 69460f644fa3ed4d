"""Each flow, by a client library that is not ours, against a service as `make run` starts it."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, WebApplicationClient
from requests_oauthlib import OAuth2Session

from .live import PASSWORD, Live

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def http_is_fine_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library insists on TLS, and on no proxy of this machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def metadata(live: Live) -> dict[str, str]:
    return requests.get(f"{live.url}/.well-known/oauth-authorization-server", timeout=10).json()


def let_in(live: Live, address: str, decision: str = "allow") -> str:
    """What Anna's browser does with the address that a program sends it to; returns where it ends."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        fields = {"email": live.email, "password": PASSWORD} | hidden(page.text, "/account/sign-in")
        page = browser.post(f"{live.url}/account/sign-in", data=fields, timeout=10)
        workspace = re.search(r'name="workspace" value="([^"]+)"', page.text)[1]
        fields = hidden(page.text, "/oauth/authorize") | {"workspace": workspace, "decision": decision}
        answer = browser.post(page.url, data=fields, timeout=10, allow_redirects=False)
        assert answer.status_code == 303
        return answer.headers["Location"]


def hidden(page: str, action: str) -> dict[str, str]:
    (form,) = re.findall(rf'<form[^>]*action="{re.escape(action)}.*?</form>', page, re.DOTALL)
    return {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    }


@pytest.mark.requirement("PL-3", "D6-10")
@pytest.mark.parametrize("kind", ["CONFIDENTIAL", "PUBLIC"])
def test_a_program_is_let_in_calls_refreshes_and_leaves(live, metadata, kind):
    client = live.register(kind=kind)
    session = OAuth2Session(
        client["id"],
        redirect_uri="https://mailer.example/callback",
        scope=["metrics:read", "websites:read"],
        pkce="S256",
    )
    address, state = session.authorization_url(metadata["authorization_endpoint"])

    answer = let_in(live, address)
    assert parse_qs(urlsplit(answer).query)["state"] == [state]
    proof = {"client_secret": client["secret"]} if client["secret"] else {"include_client_id": True}
    tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=answer, **proof)

    assert sorted(tokens["scope"]) == ["metrics:read", "websites:read"]
    assert session.get(f"{live.url}/v1/websites", timeout=10).json()["data"] == []
    secret = {"client_secret": client["secret"]} if client["secret"] else {}
    refreshed = session.refresh_token(metadata["token_endpoint"], client_id=client["id"], **secret)
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert session.get(f"{live.url}/v1/websites", timeout=10).status_code == 200

    revocation = WebApplicationClient(client["id"]).prepare_token_revocation_request(
        metadata["revocation_endpoint"].replace("http:", "https:"),
        refreshed["refresh_token"],
        "refresh_token",
    )
    body = f"{revocation[2]}&client_id={client['id']}" + (
        f"&client_secret={client['secret']}" if secret else ""
    )
    ended = requests.post(metadata["revocation_endpoint"], data=body, headers=revocation[1], timeout=10)
    assert ended.status_code == 200
    with pytest.raises(InvalidGrantError):
        session.refresh_token(metadata["token_endpoint"], client_id=client["id"], **secret)


@pytest.mark.requirement("PL-3")
def test_a_machine_gets_a_token_by_its_secret(live, metadata):
    client = live.register(grant_types=["CLIENT_CREDENTIALS"], redirect_uris=[], scopes=["websites:read"])
    session = OAuth2Session(client=BackendApplicationClient(client["id"], scope=["websites:read"]))

    token = session.fetch_token(
        metadata["token_endpoint"], client_id=client["id"], client_secret=client["secret"]
    )

    assert session.get(f"{live.url}/v1/websites", timeout=10).status_code == 200
    told = requests.post(
        metadata["introspection_endpoint"],
        data={"token": token["access_token"]},
        auth=(client["id"], client["secret"]),
        timeout=10,
    ).json()
    assert (told["active"], told["scope"]) == (True, "websites:read")


def test_a_no_reaches_the_program(live, metadata):
    client = live.register()
    session = OAuth2Session(client["id"], redirect_uri="https://mailer.example/callback", pkce="S256")
    address, _ = session.authorization_url(metadata["authorization_endpoint"])

    answer = let_in(live, address, decision="deny")

    assert parse_qs(urlsplit(answer).query)["error"] == ["access_denied"]


def test_all_workers_take_what_one_of_them_gave(live, metadata):
    """The service has two, which share keys without having talked to each other."""
    client = live.register(grant_types=["CLIENT_CREDENTIALS"], redirect_uris=[], scopes=["websites:read"])
    for _ in range(10):
        session = OAuth2Session(client=BackendApplicationClient(client["id"]))
        session.fetch_token(
            metadata["token_endpoint"], client_id=client["id"], client_secret=client["secret"]
        )
        assert session.get(f"{live.url}/v1/websites", timeout=10).status_code == 200
