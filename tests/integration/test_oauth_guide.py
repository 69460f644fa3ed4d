"""What docs/guides/oauth.md tells to type, typed: against a service as `make run` starts it."""

import json
import re
import shutil
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests

from .guides import snippets, type_in
from .live import PASSWORD, Live

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("curl") is None or shutil.which("openssl") is None, reason="there is no curl or openssl"
    ),
]
GUIDE = "docs/guides/oauth.md"


def type_for(live: Live, commands: list[str], **variables: str) -> list[str]:
    return type_in(commands, CLOUDMETRICS_URL=live.url, CLOUDMETRICS_KEY=live.key, **variables)


@pytest.mark.requirement("CM-14", "PL-3")
def test_a_program_acts_by_itself_as_the_guide_says(live):
    start, metadata, register, call, rotate = snippets(GUIDE)[:5]

    printed = type_for(live, [start, metadata, register, call, rotate])

    assert json.loads(printed[1])["issuer"] == live.url
    assert UUID(printed[2].strip())
    assert json.loads(printed[3])["data"] == []
    assert json.loads(printed[4])["data"]["secret"].startswith("cm_secret_")


@pytest.mark.requirement("CM-14", "PL-3")
def test_a_program_acts_for_a_person_as_the_guide_says(live):
    start, _, _, _, _, register, ask, trade, refresh, revoke = snippets(GUIDE)
    keep = 'echo "$client_id"; echo "$verifier"'
    asked = type_for(live, [start, register, ask, keep])
    client_id, verifier = asked[3].split()

    code = say_yes(live, asked[2].strip())
    again = f"client_id={client_id} verifier={verifier} redirect_uri=http://127.0.0.1:7000/callback"
    printed = type_for(live, [start, again, trade, refresh, revoke], CODE=code)

    assert json.loads(printed[2])["data"] == []
    assert printed[3].strip() == "metrics:read websites:read"
    assert printed[4].strip() == "200"


def say_yes(live: Live, address: str) -> str:
    """What the person does meanwhile; returns the code that the browser comes back with."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(address, timeout=10)
        page = browser.post(
            f"{live.url}/account/sign-in",
            data=hidden(page.text) | {"email": live.email, "password": PASSWORD},
            timeout=10,
        )
        choice = {
            "workspace": re.search(r'name="workspace" value="([^"]+)"', page.text)[1],
            "decision": "allow",
        }
        answer = browser.post(page.url, data=hidden(page.text) | choice, timeout=10, allow_redirects=False)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (query["state"], query["iss"]) == (["xyz"], [live.url])
    return query["code"][0]


def hidden(page: str) -> dict[str, str]:
    return {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }
