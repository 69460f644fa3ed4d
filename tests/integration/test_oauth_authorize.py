"""/oauth/authorize: who is asked, what is shown, and where an answer may go."""

import re
from uuid import uuid4

import pytest

from .oauth import CALLBACK, PASSWORD, answer_in, make_program


async def test_a_stranger_signs_in_first_and_then_is_asked(browser, person, program, home):
    page = await browser.open(program.address())
    assert "to go on to <strong>Weekly Mailer</strong>" in page.text

    signed_in = await browser.submit(page, "/account/sign-in", email=person.user.email, password=PASSWORD)

    assert signed_in.headers["location"] == program.address()
    asked = await browser.open(signed_in.headers["location"])
    assert "Let <em>Weekly Mailer</em> in?" in asked.text


async def test_the_page_shows_who_wants_what_and_where_it_leads(signed_in, program, home):
    page = (await signed_in.open(program.address())).text

    assert "https://mailer.example" in page
    assert "see your numbers" in page
    assert "see your websites" in page
    assert home.workspace.name in page
    assert "you are an admin there" in page


async def test_far_reaching_scopes_are_marked(signed_in, client, stranger):
    program = await make_program(client, stranger, scopes=["metrics:read", "team:admin"])
    page = (await signed_in.open(program.address(scope="metrics:read team:admin"))).text
    assert page.count("far-reaching") == 1
    assert page.index("invite people") < page.index("see your numbers")


async def test_a_hostile_name_is_shown_and_not_run(signed_in, client, stranger):
    name = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    program = await make_program(client, stranger, name=name)
    page = (await signed_in.open(program.address())).text
    assert "<script" not in page
    assert "<img" not in page


async def test_no_is_told_to_the_program(signed_in, program):
    page = await signed_in.open(program.address())

    answer = answer_in(await signed_in.submit(page, "/oauth/authorize", decision="deny"))

    assert answer["error"] == "access_denied"
    assert answer["state"] == "a state"
    assert "code" not in answer


async def test_a_yes_without_the_form_of_the_page_is_none(signed_in, program, home):
    """A foreign page that sends the form: the cookie alone is not enough."""
    choice = {"workspace": str(home.workspace.id), "decision": "allow"}
    for token in ({}, {"form_token": ""}, {"form_token": "x" * 44}, {"form_token": "é"}):
        response = await signed_in.http.post(program.address(), data=choice | token)
        assert response.status_code == 403
        assert "location" not in response.headers


async def test_the_form_of_another_browser_is_none(signed_in, browser, app, program, home):
    from .oauth import Browser

    other = Browser(app)
    page = await other.open("/account/sign-in")
    foreign = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]

    response = await signed_in.http.post(
        program.address(),
        data={"workspace": str(home.workspace.id), "decision": "allow", "form_token": foreign},
    )

    assert response.status_code == 403
    await other.http.aclose()


async def test_a_yes_from_somebody_who_signed_out_is_none(signed_in, program, home):
    page = await signed_in.open(program.address())
    await signed_in.submit(page, "/account/sign-out")

    response = await signed_in.submit(
        page, "/oauth/authorize", workspace=str(home.workspace.id), decision="allow"
    )

    assert response.status_code in (303, 403)
    assert "code=" not in response.headers.get("location", "")


async def test_asking_alone_gives_no_code(signed_in, program, home):
    """However the question is put: as a GET, with the answer in its address, twice."""
    for address in (
        program.address(decision="allow", workspace=str(home.workspace.id)),
        program.address(prompt="none"),
    ):
        for _ in range(2):
            response = await signed_in.http.get(address)
            assert response.status_code == 200
            assert "location" not in response.headers


async def test_a_person_who_said_yes_before_is_asked_again(signed_in, program, home):
    assert answer_in(await signed_in.allow(program, home.workspace.id))["code"]
    assert (await signed_in.http.get(program.address())).status_code == 200


async def test_only_ones_own_workspaces_can_be_chosen(signed_in, program, home, make_home):
    foreign = await make_home()

    for chosen in ([], [foreign.workspace.id], [uuid4()], ["rubbish"]):
        response = await signed_in.allow(program, *chosen)
        assert response.status_code == 400
        assert "Choose at least one workspace" in response.text
    answer = answer_in(await signed_in.allow(program, home.workspace.id, foreign.workspace.id))
    assert (await program.trade(answer["code"])).json()["workspace_ids"] == [str(home.workspace.id)]


async def test_a_viewer_cannot_allow_what_a_viewer_cannot_do(signed_in, client, stranger, person, home):
    program = await make_program(client, stranger, scopes=["team:admin", "websites:full"])
    await person.become(home.workspace.id, "VIEWER")

    nothing = await signed_in.allow(program, home.workspace.id, scope="team:admin")
    less = answer_in(await signed_in.allow(program, home.workspace.id, scope="team:admin websites:full"))

    assert nothing.status_code == 400
    assert (await program.trade(less["code"])).json()["scope"] == "websites:read"


async def test_a_scope_that_the_client_does_not_have_is_refused(signed_in, program):
    for scope in ("team:admin", "metrics:read team:admin", "nonsense", "METRICS:READ"):
        assert answer_in(await signed_in.http.get(program.address(scope=scope)))["error"] == "invalid_scope"


async def test_without_a_scope_all_of_the_clients_are_asked_for(signed_in, program):
    page = (await signed_in.open(program.address(scope=None))).text
    assert "add, change and delete websites" in page


REDIRECT_TRICKS = [
    "https://mailer.example/callback/",
    "https://mailer.example/callbackx",
    "https://mailer.example/callback/../evil",
    "https://mailer.example/callback?x=1",
    "https://mailer.example/callback?",
    "https://mailer.example/callback#x",
    "https://mailer.example/callback#",
    "https://mailer.example/Callback",
    "https://MAILER.example/callback",
    "HTTPS://mailer.example/callback",
    "https://mailer.example:443/callback",
    "https://mailer.example.evil.example/callback",
    "https://mailer.example@evil.example/callback",
    "https://evil.example/https://mailer.example/callback",
    "https://mailer.example%2fcallback",
    "https://mailer.example/%63allback",
    "https://mailer.example\\@evil.example/callback",
    "https://mailer.example/callback\r\nX: y",
    " https://mailer.example/callback",
    "https://mailer.example/callback ",
    "//mailer.example/callback",
    "http://mailer.example/callback",
    "javascript:alert(1)",
    'https://mailer.example/callback"><script>',
    "",
]


@pytest.mark.parametrize("uri", REDIRECT_TRICKS)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(signed_in, program, uri):
    """The person gets a page; no error, no code and nobody goes there."""
    for change in ({}, {"response_type": "token"}, {"scope": "nonsense"}, {"code_challenge": None}):
        response = await signed_in.http.get(program.address(redirect_uri=uri, **change))
        assert response.status_code == 400
        assert "location" not in response.headers
        assert "<script" not in response.text


async def test_a_parameter_that_stands_twice_is_refused(signed_in, program):
    for more in (
        f"redirect_uri={CALLBACK}",
        "client_id=x",
        "scope=metrics:read",
        "state=b",
        "code_challenge=x",
    ):
        response = await signed_in.http.get(f"{program.address()}&{more}")
        assert response.status_code == 400
        assert "location" not in response.headers


@pytest.mark.parametrize(
    "client_id", [None, "", "x", str(uuid4()), "' OR 1=1 --", 'a"b', "\x00", "é", "1" * 3000]
)
async def test_an_unknown_client_gets_nobody(signed_in, program, client_id):
    response = await signed_in.http.get(program.address(client_id=client_id))
    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize("response_type", [None, "", "token", "code token", "id_token", "none", 'x"y', "é"])
async def test_codes_are_all_that_is_given(signed_in, program, response_type):
    response = await signed_in.http.get(program.address(response_type=response_type))
    assert response.status_code in (303, 400)
    if response.status_code == 303:
        assert answer_in(response)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("port", ["", ":1", ":7000", ":65535"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_program_on_a_desktop_listens_on_any_port(signed_in, client, stranger, home, host, port):
    registered, asked = f"http://{host}/done", f"http://{host}{port}/done"
    program = await make_program(client, stranger, kind="PUBLIC", redirect_uris=[registered])
    program.redirect_uri = asked

    response = await signed_in.allow(program, home.workspace.id)

    assert response.headers["location"].startswith(f"{asked}?code=")
    code = answer_in(response)["code"]
    assert (await program.trade(code, redirect_uri=f"http://{host}:9/done")).json()[
        "error"
    ] == "invalid_grant"
    assert (await program.trade(code)).status_code == 200


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1/other", "http://127.0.0.1:x/done", "http://127.0.0.1:0/done", "http://127.0.0.1@e.example/done",
     "http://127.0.0.1:1@e.example/done", "http://[::1]/done", "http://localhost/done", "https://127.0.0.1/done",
     "http://127.0.0.1:99999999/done", "http://127.0.0.1.e.example/done"],
)  # fmt: skip
async def test_only_the_port_may_differ_on_a_desktop(signed_in, client, stranger, uri):
    program = await make_program(client, stranger, kind="PUBLIC", redirect_uris=["http://127.0.0.1/done"])
    response = await signed_in.http.get(program.address(redirect_uri=uri))
    assert response.status_code == 400


async def test_localhost_has_one_port(signed_in, client, stranger):
    program = await make_program(client, stranger, redirect_uris=["http://localhost:3000/done"])
    assert (await signed_in.http.get(program.address())).status_code == 200
    moved = program.address(redirect_uri="http://localhost:3001/done")
    assert (await signed_in.http.get(moved)).status_code == 400


async def test_an_app_gets_its_code_by_its_own_scheme(signed_in, client, stranger, home):
    program = await make_program(client, stranger, kind="PUBLIC", redirect_uris=["com.example.app:/done"])
    page = await signed_in.open(program.address())
    assert "form-action 'self' com.example.app:" in page.headers["content-security-policy"]

    response = await signed_in.allow(program, home.workspace.id)

    assert response.headers["location"].startswith("com.example.app:/done?code=")


async def test_a_query_of_the_registered_address_is_kept(signed_in, client, stranger, home):
    program = await make_program(client, stranger, redirect_uris=["https://mailer.example/cb?from=a%20b&x="])
    response = await signed_in.allow(program, home.workspace.id)
    assert response.headers["location"].startswith("https://mailer.example/cb?from=a+b&x=&code=")


@pytest.mark.parametrize("state", [None, "", "a&b=c#d", "é ☃", "<script>", "x" * 1500])
async def test_a_state_comes_back_as_it_was(signed_in, program, home, state):
    answer = answer_in(await signed_in.allow(program, home.workspace.id, state=state))
    assert answer.get("state") == (state or None)
    assert set(answer) <= {"code", "state", "iss"}
