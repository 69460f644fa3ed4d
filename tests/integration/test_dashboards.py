"""Dashboards over HTTP: made, changed, listed, deleted, restored, and whose favourites they are."""

import asyncio
from uuid import UUID, uuid4

import pytest

from cloudmetrics.accounts.scopes import READ
from tests.integration.conftest import make_website

pytestmark = pytest.mark.requirement("CM-9")


async def make_dashboard(client, **fields) -> str:
    response = await client.post("/v1/dashboards", json={"name": f"Board {uuid4().hex}"} | fields)
    assert response.status_code == 201, response.text
    return response.json()["data"]["id"]


def code_of(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def pointers(response) -> dict[str, str]:
    assert code_of(response) == (400, "INVALID_REQUEST"), response.text
    return {violation["pointer"]: violation["code"] for violation in response.json()["errors"]}


async def names(client, **parameters) -> list[str]:
    response = await client.get("/v1/dashboards", params=parameters)
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json()["data"]]


async def test_a_created_dashboard_is_where_its_location_says(client, website_id):
    body = {"name": " Läden 🙂 ", "website_id": website_id, "range": "THIS_MONTH", "position": 3}
    created = await client.post("/v1/dashboards", json=body)
    assert created.status_code == 201
    dashboard = created.json()["data"]
    assert UUID(dashboard["id"]).version == 7
    expected = body | {"description": None, "is_favourite": False, "deleted_at": None}
    assert {name: dashboard[name] for name in expected} == expected
    assert created.headers["location"] == f"/v1/dashboards/{dashboard['id']}"
    assert (await client.get(created.headers["location"])).json() == {"data": dashboard, "meta": {}}


async def test_put_replaces_everything_and_patch_only_what_is_sent(client, website_id):
    dashboard_id = await make_dashboard(client, website_id=website_id, description="Why", position=7)
    url = f"/v1/dashboards/{dashboard_id}"

    patched = await client.patch(url, json={"description": None, "range": "TODAY"})
    assert patched.status_code == 200
    assert (patched.json()["data"]["website_id"], patched.json()["data"]["position"]) == (website_id, 7)
    assert (patched.json()["data"]["description"], patched.json()["data"]["range"]) == (None, "TODAY")

    replaced = await client.put(url, json={"name": "Only the name"})
    data = replaced.json()["data"]
    assert (data["name"], data["website_id"], data["range"], data["position"]) == (
        "Only the name",
        None,
        "LAST_30_DAYS",
        0,
    )
    assert (await client.get(url)).json()["data"] == data


async def test_a_taken_name_is_a_conflict(client, make_home):
    dashboard_id = await make_dashboard(client, name="Weekly")
    other_id = await make_dashboard(client, name="Monthly")

    assert code_of(await client.post("/v1/dashboards", json={"name": "Weekly"})) == (409, "NAME_TAKEN")
    renamed = await client.patch(f"/v1/dashboards/{other_id}", json={"name": "Weekly"})
    assert code_of(renamed) == (409, "NAME_TAKEN")
    # Its own name is free for itself, and any name for somebody else.
    assert (await client.put(f"/v1/dashboards/{dashboard_id}", json={"name": "Weekly"})).status_code == 200
    neighbour = await make_home()
    await make_dashboard(neighbour.open(await neighbour.make_key()), name="Weekly")


async def test_of_many_that_want_a_name_at_once_one_gets_it(client):
    answers = await asyncio.gather(
        *(client.post("/v1/dashboards", json={"name": "The one"}) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


async def test_the_list_goes_by_position_page_by_page_while_it_changes(client):
    wanted = [("c", 2), ("a", 0), ("b", 0), ("e", 9), ("d", 5)]
    ids = {name: await make_dashboard(client, name=name, position=position) for name, position in wanted}
    assert await names(client) == ["a", "b", "c", "d", "e"]

    first = await client.get("/v1/dashboards", params={"limit": 2})
    assert [each["name"] for each in first.json()["data"]] == ["a", "b"]
    await client.delete(f"/v1/dashboards/{ids['b']}")
    await make_dashboard(client, name="before", position=0)
    cursor = first.json()["pagination"]["next_cursor"]
    # The new one stands level with a and b, and is younger.
    assert await names(client, cursor=cursor) == ["before", "c", "d", "e"]
    assert 'rel="next"' in first.headers["link"]
    foreign = await client.get("/v1/dashboards", params={"cursor": cursor, "status": "DELETED"})
    assert code_of(foreign) == (400, "INVALID_CURSOR")


async def test_a_deleted_dashboard_can_be_restored_unless_its_name_was_given_away(client):
    dashboard_id = await make_dashboard(client, name="Gone")
    url = f"/v1/dashboards/{dashboard_id}"
    assert code_of(await client.post(f"{url}/restore")) == (404, "NOT_FOUND")
    deleted = await client.delete(url)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for response in (
        await client.get(url),
        await client.delete(url),
        await client.patch(url, json={"name": "x"}),
        await client.get(f"{url}/data"),
        await client.get(f"{url}/widgets"),
        await client.put(f"{url}/favourite"),
    ):
        assert code_of(response) == (404, "NOT_FOUND")
    assert await names(client) == []
    assert await names(client, status="DELETED") == ["Gone"]

    usurper = await make_dashboard(client, name="Gone")
    assert code_of(await client.post(f"{url}/restore")) == (409, "NAME_TAKEN")
    await client.patch(f"/v1/dashboards/{usurper}", json={"name": "Moved on"})
    restored = await client.post(f"{url}/restore")
    assert restored.status_code == 200
    assert restored.json()["data"]["deleted_at"] is None
    assert sorted(await names(client)) == ["Gone", "Moved on"]
    log = (await client.get("/v1/audit-log", params={"subject_id": dashboard_id})).json()["data"]
    assert [entry["action"] for entry in log] == ["DASHBOARD_RESTORED", "DASHBOARD_DELETED"]


async def test_favourites_are_everybodys_own(client, home):
    dashboard_id = await make_dashboard(client, name="Loved")
    await make_dashboard(client, name="Other")
    url = f"/v1/dashboards/{dashboard_id}/favourite"
    reader = (await home.make_person("VIEWER")).client
    for _ in range(2):
        assert (await reader.put(url)).status_code == 204

    assert await names(reader, favourite="true") == ["Loved"]
    assert await names(reader, favourite="false") == ["Other"]
    assert await names(client, favourite="true") == []
    assert (await reader.get(f"/v1/dashboards/{dashboard_id}")).json()["data"]["is_favourite"] is True
    assert (await client.get(f"/v1/dashboards/{dashboard_id}")).json()["data"]["is_favourite"] is False
    for _ in range(2):
        assert (await reader.delete(url)).status_code == 204
    assert await names(reader, favourite="true") == []


async def test_a_reader_changes_nothing(client, home):
    dashboard_id = await make_dashboard(client)
    reader = home.open(await home.make_key(READ))
    url = f"/v1/dashboards/{dashboard_id}"
    assert (await reader.get(url)).status_code == 200
    for method, path in (("PUT", url), ("PATCH", url), ("DELETE", url), ("POST", f"{url}/widgets")):
        response = await reader.request(method, path, json={})
        assert code_of(response) == (403, "INSUFFICIENT_SCOPE")


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"name": " "}, "/name", "PATTERN"),
        ({"name": "x" * 101}, "/name", "TOO_LONG"),
        ({"description": "x" * 1001}, "/description", "TOO_LONG"),
        ({"range": "LAST_31_DAYS"}, "/range", "ENUM"),
        ({"position": -1}, "/position", "TOO_SMALL"),
        ({"position": 1.5}, "/position", "TYPE"),
        ({"website_id": "shop"}, "/website_id", "FORMAT"),
        ({"widgets": []}, "/widgets", "UNKNOWN_FIELD"),
    ],
)
async def test_what_does_not_fit_is_refused(client, fields, pointer, code):
    assert pointers(await client.post("/v1/dashboards", json={"name": "Board"} | fields)) == {pointer: code}
    dashboard_id = await make_dashboard(client)
    changed = await client.patch(f"/v1/dashboards/{dashboard_id}", json=fields)
    assert pointers(changed) == {pointer: code}


async def test_another_tenants_website_is_as_unknown_as_none(client, make_home):
    other = await make_home()
    foreign = await make_website(other.open(await other.make_key()))
    dashboard_id = await make_dashboard(client)
    for unknown in (foreign, str(uuid4())):
        body = {"name": "Board", "website_id": unknown}
        assert code_of(await client.post("/v1/dashboards", json=body)) == (404, "NOT_FOUND")
        for method in ("PUT", "PATCH"):
            response = await client.request(method, f"/v1/dashboards/{dashboard_id}", json=body)
            assert code_of(response) == (404, "NOT_FOUND")


async def test_the_list_sorts_filters_and_brings_related_things_along(client, website_id):
    for name, position in (("Shop, monthly", 2), ("Shop, weekly", 1), ("Blog", 0)):
        dashboard_id = await make_dashboard(client, name=name, position=position, website_id=website_id)
        text = {"kind": "TEXT", "title": "", "text": name}
        await client.post(f"/v1/dashboards/{dashboard_id}/widgets", json=text)
    await client.delete(f"/v1/dashboards/{await make_dashboard(client, name='Shop, deleted')}")

    response = await client.get(
        "/v1/dashboards",
        params={"name:contains": "shop", "sort": "name:desc", "expand": "widgets,website", "limit": 10},
    )

    listed = response.json()["data"]
    assert [each["name"] for each in listed] == ["Shop, weekly", "Shop, monthly"]
    assert [each["widgets"][0]["text"] for each in listed] == ["Shop, weekly", "Shop, monthly"]
    assert {each["website"]["id"] for each in listed} == {website_id}
    blind = await client.get("/v1/dashboards", params={"fields": "name,position", "sort": "position:asc"})
    assert blind.json()["data"][0] == {"name": "Blog", "position": 0}


async def test_of_two_editors_the_second_hears_of_the_first_and_can_merge(client):
    dashboard_id = await make_dashboard(client, name="Ours")
    url = f"/v1/dashboards/{dashboard_id}"
    seen = (await client.get(url)).headers["etag"]
    first, second = await asyncio.gather(
        *(
            client.patch(url, json={"description": text}, headers={"If-Match": seen})
            for text in ("Anna's", "Bert's")
        )
    )
    lost = second if first.status_code == 200 else first
    assert {first.status_code, second.status_code} == {200, 412}
    assert code_of(lost) == (412, "PRECONDITION_FAILED")
    again = (await client.get(url)).headers["etag"]
    merged = await client.patch(url, json={"description": "Both"}, headers={"If-Match": again})
    assert merged.json()["data"]["description"] == "Both"
    assert (await client.get(url, headers={"If-None-Match": merged.headers["etag"]})).status_code == 304


async def test_a_repeated_creation_makes_one(client):
    headers = {"Idempotency-Key": uuid4().hex}
    answers = [await client.post("/v1/dashboards", json={"name": "Once"}, headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert await names(client) == ["Once"]
