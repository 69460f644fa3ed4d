"""OAuth 2.1 over HTTP: what each flow gives, and what ends it."""

import pytest

from .oauth import Browser, Person, Program, answer_in, make_person, make_program


@pytest.fixture
async def person(database, keyring, home) -> Person:
    """An admin of the home workspace."""
    person = await make_person(database, keyring)
    await person.join(home.workspace.id)
    return person


@pytest.fixture
async def browser(app):
    browser = Browser(app)
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def signed_in(browser, person) -> Browser:
    assert (await browser.sign_in(person)).status_code == 303
    return browser


@pytest.fixture
async def program(client, stranger) -> Program:
    return await make_program(client, stranger)


async def test_a_person_lets_a_program_in(signed_in, program, home, person):
    answer = answer_in(await signed_in.allow(program, home.workspace.id))
    assert answer["state"] == "a state"
    assert answer["iss"] == "http://testserver"

    response = await program.trade(answer["code"])

    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "metrics:read websites:read"
    assert tokens["workspace_ids"] == [str(home.workspace.id)]
    assert (await program.call(tokens["access_token"])).status_code == 200
    assert (await program.call(tokens["access_token"], "/v1/workspace")).status_code == 403
