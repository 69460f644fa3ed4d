"""Share links over HTTP: made, shown once, opened by strangers, expired, revoked."""

import asyncio
from datetime import datetime, timedelta

import psycopg
import pytest

from cloudmetrics.analytics.questions import store as questions
from tests.integration.conftest import client_of, make_website
from tests.integration.test_dashboard_data import shop  # noqa: F401
from tests.integration.test_dashboards import code_of, make_dashboard, pointers
from tests.integration.test_widgets import NUMBER, TEXT, asking, make_funnel, make_widget

pytestmark = pytest.mark.requirement("CM-9")

SHARED = "/v1/shared-dashboard"


async def make_link(client, dashboard_id: str, **fields) -> dict:
    url = f"/v1/dashboards/{dashboard_id}/share-links"
    response = await client.post(url, json={"name": "The agency"} | fields)
    assert response.status_code == 201, response.text
    return response.json()["data"]


async def see(stranger, token: str):
    return await stranger.get(SHARED, headers={"Share-Token": token})


async def test_a_link_shows_its_dashboard_to_a_stranger_and_nothing_else(client, stranger, shop):  # noqa: F811
    dashboard_id = await make_dashboard(client, website_id=shop, range="YESTERDAY")
    for body in (NUMBER, TEXT):
        await make_widget(client, dashboard_id, body)
    link = await make_link(client, dashboard_id)

    response = await see(stranger, link["token"])

    assert response.status_code == 200, response.text
    shown = response.json()["data"]
    assert shown == (await client.get(f"/v1/dashboards/{dashboard_id}/data")).json()["data"]
    assert shown["widgets"][0]["answer"]["rows"][0]["metrics"] == {"visitors": 3}
    # The token is no key, a key is no token, and neither the other way round.
    for headers in ({"API-Key": link["token"]}, {"Authorization": f"Bearer {link['token']}"}):
        for path in (f"/v1/dashboards/{dashboard_id}/data", "/v1/dashboards", SHARED):
            assert code_of(await stranger.get(path, headers=headers)) == (401, "UNAUTHORIZED")
    for path in ("/v1/dashboards", f"/v1/dashboards/{dashboard_id}/data", "/v1/metrics"):
        answer = await stranger.get(path, headers={"Share-Token": link["token"]})
        assert code_of(answer) == (401, "UNAUTHORIZED")
    assert code_of(await client.get(SHARED)) == (401, "UNAUTHORIZED")


async def test_a_token_is_shown_once_and_stored_as_a_hash(client, database_url):
    dashboard_id = await make_dashboard(client)
    link = await make_link(client, dashboard_id, expires_in_days=14)
    url = f"/v1/dashboards/{dashboard_id}/share-links"
    assert link["url"].endswith(f"/shared/dashboard?token={link['token']}")
    created, expires = (datetime.fromisoformat(link[name]) for name in ("created_at", "expires_at"))
    assert expires - created == timedelta(days=14)

    one = await client.get(f"{url}/{link['id']}")
    listed = await client.get(url)
    assert one.json()["data"] == {name: link[name] for name in link.keys() - {"token", "url"}}
    assert listed.json()["data"] == [one.json()["data"]]
    with psycopg.connect(database_url) as everything:
        (row,) = everything.execute(
            "SELECT t::text FROM share_links AS t WHERE share_link_id = %s", [link["id"]]
        )
    assert link["token"] not in row[0]
    log = (await client.get("/v1/audit-log", params={"subject_id": link["id"]})).json()["data"]
    assert [entry["action"] for entry in log] == ["SHARE_LINK_CREATED"]
    assert link["token"] not in str(log)


async def test_a_revoked_link_opens_nothing_from_that_moment_on(client, stranger):
    dashboard_id = await make_dashboard(client)
    kept, gone = await make_link(client, dashboard_id), await make_link(client, dashboard_id)
    url = f"/v1/dashboards/{dashboard_id}/share-links"
    assert (await see(stranger, gone["token"])).status_code == 200
    for _ in range(2):
        assert (await client.delete(f"{url}/{gone['id']}")).status_code == 204

    assert code_of(await see(stranger, gone["token"])) == (401, "UNAUTHORIZED")
    assert (await see(stranger, kept["token"])).status_code == 200
    revoked = await client.get(url, params={"status": "REVOKED"})
    assert [each["id"] for each in revoked.json()["data"]] == [gone["id"]]
    active = await client.get(url, params={"status": "ACTIVE"})
    assert [each["id"] for each in active.json()["data"]] == [kept["id"]]
    log = (await client.get("/v1/audit-log", params={"subject_id": gone["id"]})).json()["data"]
    assert [entry["action"] for entry in log] == ["SHARE_LINK_REVOKED", "SHARE_LINK_CREATED"]


async def test_an_expired_link_opens_nothing(client, stranger, database_url):
    dashboard_id = await make_dashboard(client)
    link = await make_link(client, dashboard_id, expires_in_days=1)
    with psycopg.connect(database_url) as everything:
        everything.execute(
            "UPDATE share_links SET expires_at = now() - interval '1 millisecond' WHERE share_link_id = %s",
            [link["id"]],
        )
    assert code_of(await see(stranger, link["token"])) == (401, "UNAUTHORIZED")
    url = f"/v1/dashboards/{dashboard_id}/share-links"
    assert (await client.get(f"{url}/{link['id']}")).json()["data"]["status"] == "EXPIRED"
    listed = {
        status: len((await client.get(url, params={"status": status})).json()["data"])
        for status in ("ACTIVE", "EXPIRED", "REVOKED")
    }
    assert listed == {"ACTIVE": 0, "EXPIRED": 1, "REVOKED": 0}


async def test_a_link_ends_with_its_dashboard_and_comes_back_with_it(client, stranger):
    dashboard_id = await make_dashboard(client)
    link = await make_link(client, dashboard_id)
    await client.delete(f"/v1/dashboards/{dashboard_id}")
    assert code_of(await see(stranger, link["token"])) == (401, "UNAUTHORIZED")
    await client.post(f"/v1/dashboards/{dashboard_id}/restore")
    assert (await see(stranger, link["token"])).status_code == 200


async def test_a_link_ends_with_its_workspace(home, stranger):
    owner = (await home.make_person("OWNER")).client
    link = await make_link(owner, await make_dashboard(owner))
    assert (await owner.delete(f"/v1/workspaces/{home.workspace.id}")).status_code in (200, 204)
    assert code_of(await see(stranger, link["token"])) == (401, "UNAUTHORIZED")


@pytest.mark.requirement("PL-5")
async def test_another_workspace_sees_no_link_and_its_token_opens_nothing(client, make_home, stranger):
    dashboard_id = await make_dashboard(client)
    link = await make_link(client, dashboard_id)
    other = await make_home()
    neighbour = other.open(await other.make_key())
    own = await make_dashboard(neighbour)
    theirs = await make_link(neighbour, own)
    for path in (f"{dashboard_id}/share-links", f"{own}/share-links/{link['id']}"):
        assert code_of(await neighbour.get(f"/v1/dashboards/{path}")) == (404, "NOT_FOUND")
    gone = await neighbour.delete(f"/v1/dashboards/{own}/share-links/{link['id']}")
    assert code_of(gone) == (404, "NOT_FOUND")
    # The secret of one workspace in the place of another's.
    mixed = link["token"][:30] + theirs["token"][30:]
    assert code_of(await see(stranger, mixed)) == (401, "UNAUTHORIZED")
    assert (await see(stranger, theirs["token"])).json()["data"]["dashboard_id"] == own


@pytest.mark.parametrize(
    "token",
    ["", "cm_share_", "cm_live_x", "cm_share_" + "A" * 64, "cm_share_" + "*" * 64, "ü" * 73, "A" * 100_000],
)
async def test_what_is_no_token_is_a_bad_one(stranger, token):
    response = await stranger.get(SHARED, headers={"Share-Token": token.encode()})
    assert code_of(response) == (401, "UNAUTHORIZED")


async def test_strangers_are_limited_by_their_address(client, app):
    dashboard_id = await make_dashboard(client)
    link = await make_link(client, dashboard_id)
    one, other = client_of(app), client_of(app)
    answers = await asyncio.gather(*(see(one, link["token"]) for _ in range(105)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 100 + [429] * 5
    assert "q=100" in answers[0].headers["ratelimit-policy"]
    assert (await see(other, link["token"])).status_code == 200
    # And the workspace's own requests are not touched by any of it.
    assert (await client.get(f"/v1/dashboards/{dashboard_id}")).status_code == 200
    for each in (one, other):
        await each.aclose()


async def test_strangers_who_look_at_once_share_the_look(client, app, shop, monkeypatch):  # noqa: F811
    dashboard_id = await make_dashboard(client, website_id=shop)
    for dimension in ("source", "country"):
        await make_widget(client, dashboard_id, asking("BAR", dimensions=[dimension]))
    link = await make_link(client, dashboard_id)
    run, running, most = questions.run, [], []

    async def slow(tenant, statement):
        running.append(statement)
        most.append(len(running))
        await asyncio.sleep(0.1)
        running.remove(statement)
        return await run(tenant, statement)

    monkeypatch.setattr(questions, "run", slow)
    strangers = [client_of(app) for _ in range(20)]
    answers = await asyncio.gather(*(see(each, link["token"]) for each in strangers))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert (len(most), max(most)) == (2, 1)
    for each in strangers:
        await each.aclose()


async def test_nobody_shares_what_they_may_not_ask_themselves(client, home):
    dashboard_id = await make_dashboard(client)
    url = f"/v1/dashboards/{dashboard_id}/share-links"
    blind = home.open(await home.make_key({"dashboards:full"}))
    assert (await blind.post(url, json={"name": "Text"})).status_code == 201
    await make_widget(client, dashboard_id, NUMBER)
    refused = await blind.post(url, json={"name": "Numbers"})
    assert code_of(refused) == (403, "SCOPE_NOT_HELD")


async def test_a_widget_that_fails_says_no_more_to_a_stranger(client, stranger):
    website_id = await make_website(client)
    dashboard_id = await make_dashboard(client)
    await make_widget(client, dashboard_id, asking(website_id=website_id))
    link = await make_link(client, dashboard_id)
    await client.delete(f"/v1/websites/{website_id}")
    (widget,) = (await see(stranger, link["token"])).json()["data"]["widgets"]
    assert widget["answer"]["problem"]["detail"] == "The workspace has no such website."
    assert widget["answer"]["problem"]["instance"] == SHARED


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"name": " "}, "/name", "PATTERN"),
        ({"expires_in_days": 0}, "/expires_in_days", "TOO_SMALL"),
        ({"expires_in_days": 367}, "/expires_in_days", "TOO_LARGE"),
        ({"token": "mine"}, "/token", "UNKNOWN_FIELD"),
    ],
)
async def test_what_does_not_fit_is_refused(client, fields, pointer, code):
    url = f"/v1/dashboards/{await make_dashboard(client)}/share-links"
    assert pointers(await client.post(url, json={"name": "Link"} | fields)) == {pointer: code}


async def test_the_page_shows_the_dashboard_to_people_and_trusts_no_text(client, stranger, shop):  # noqa: F811
    hostile = "<script>alert(1)</script>"
    dashboard_id = await make_dashboard(client, name=f"Shop {hostile}", website_id=shop, range="LAST_14_DAYS")
    funnel = {"kind": "FUNNEL", "title": "Way", "funnel_id": await make_funnel(client, shop)}
    gone = await make_website(client)
    for body in (
        asking(metrics=["visitors", "revenue", "bounce_rate"]) | {"compare": "PREVIOUS_PERIOD"},
        asking("TIME_SERIES", dimensions=["time"], metrics=["visitors", "revenue"]),
        asking("BAR", dimensions=["source"], metrics=["visitors", "visit_duration"]),
        asking("TABLE", dimensions=["event_name"], metrics=["events"]) | {"title": hostile},
        funnel,
        TEXT | {"text": f"# Words\n\n{hostile} [x](javascript:alert(1))"},
        asking(website_id=gone),
    ):
        await make_widget(client, dashboard_id, body)
    await client.delete(f"/v1/websites/{gone}")
    link = await make_link(client, dashboard_id)

    page = await stranger.get(link["url"])

    assert page.status_code == 200, page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert 'href="javascript' not in page.text
    for text in (
        "5.00 USD",
        "google",
        "purchase",
        "<polyline",
        "Words</h1>",
        "The workspace has no such website.",
    ):
        assert text in page.text, text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_page_of_a_link_that_ended_says_so(client, stranger, app):
    dashboard_id = await make_dashboard(client, name="Secret plans")
    link = await make_link(client, dashboard_id)
    assert "Secret plans" in (await stranger.get(link["url"])).text
    await client.delete(f"/v1/dashboards/{dashboard_id}/share-links/{link['id']}")
    for url in (
        link["url"],
        "/shared/dashboard",
        "/shared/dashboard?token=%00",
        "/shared/dashboard?token=cm_share_x",
    ):
        page = await stranger.get(url)
        assert page.status_code == 404
        assert "opens nothing" in page.text
        assert "Secret plans" not in page.text
    often = client_of(app)
    statuses = [(await often.get("/shared/dashboard")).status_code for _ in range(101)]
    assert statuses == [404] * 100 + [429]
    await often.aclose()
