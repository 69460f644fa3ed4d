"""Every list keeps what the contract declares of it: each filter, each order, each related thing works."""

import re
from typing import Any

import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.spec import contract

pytestmark = pytest.mark.requirement("CM-7", "PL-10")

BUNDLE = contract().bundle
# Lists inside of other things than these are looked at where those things are.
KNOWN = {"website_id", "visitor_id"}
LISTS = {
    item["get"]["operationId"]: (url, item["get"])
    for url, item in BUNDLE["paths"].items()
    if item.get("get", {}).get("operationId", "").startswith("list-")
    and set(re.findall(r"{(\w+)}", url)) <= KNOWN
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = BUNDLE["components"][kind][name]
    return node


def parameters(operation: dict[str, Any], url: str) -> dict[str, dict[str, Any]]:
    """Query parameter → its schema."""
    declared = [*BUNDLE["paths"][url].get("parameters", []), *operation["parameters"]]
    found = [resolved(each) for each in declared]
    return {each["name"]: resolved(each["schema"]) for each in found if each["in"] == "query"}


def values(schema: dict[str, Any]) -> list[str]:
    """Values that the schema allows: of an enumeration all, else an example."""
    if "contentSchema" in schema:
        items = resolved(schema["contentSchema"]["items"])
        return items.get("enum") or [str(schema["examples"][0])]
    if "enum" in schema:
        return [str(each) for each in schema["enum"]]
    if schema.get("examples"):
        return [str(schema["examples"][0])]
    if schema.get("type") == "boolean":
        return ["true", "false"]
    by_format = {"uuid": "01a20dc7-e35b-75d3-a3c5-bfefbc1c3a8f", "date-time": "2026-11-05T10:00:00+02:00"}
    by_format["date"] = "2026-11-05"
    return [by_format.get(schema.get("format", "")) or "5"]


@pytest.fixture
async def world(client, home) -> dict[str, Any]:
    """A client of a workspace with something in most lists, and what the paths need."""
    website_id = await make_website(client)
    await send_events(client, make_event(website_id, timestamp="2026-11-05T10:00:00Z"))
    condition = {"kind": "EVENT", "event_name": "purchase"}
    await client.post("/v1/goals", json={"website_id": website_id, "name": "Goal", "condition": condition})
    person = await home.make_person("OWNER")
    invited = {"email": "somebody@example.com", "role": "VIEWER"}
    assert (await person.client.post("/v1/team/invitations", json=invited)).status_code == 201
    return {"client": person.client, "website_id": website_id, "visitor_id": "anna"}


def request_of(name: str, world: dict[str, Any]) -> tuple[str, dict[str, str]]:
    url, operation = LISTS[name]
    known = {name: world[name] for name in KNOWN}
    declared = (resolved(each) for each in operation["parameters"])
    needed = {each["name"]: values(resolved(each["schema"]))[0] for each in declared if each.get("required")}
    return url.format(**known), {name: known.get(name, value) for name, value in needed.items()}


async def all_of(client, url: str, query: dict[str, str]) -> list[dict[str, Any]]:
    """All things of a list, two by two."""
    page = await client.get(url, params=query | {"limit": "2"})
    found: list[dict[str, Any]] = page.json()["data"]
    while "next" in page.links:
        page = await client.get(page.links["next"]["url"])
        found += page.json()["data"]
    return found


@pytest.mark.parametrize("name", LISTS)
async def test_each_parameter_of_a_list_works(world, name):
    url, needed = request_of(name, world)
    declared = parameters(LISTS[name][1], LISTS[name][0])
    for parameter, schema in declared.items():
        if parameter in ("cursor", "fields", "website_id") or parameter in needed:
            continue
        for value in values(schema):
            response = await world["client"].get(url, params={**needed, parameter: value})
            assert response.status_code == 200, (parameter, value, response.text)
            assert "first" in response.links


@pytest.mark.parametrize("name", LISTS)
async def test_each_order_of_a_list_is_that_of_its_pages(world, name):
    url, needed = request_of(name, world)
    schema = parameters(LISTS[name][1], LISTS[name][0]).get("sort")
    for order in values(schema) if schema else [None]:
        asked = needed | ({"sort": order} if order else {})
        whole = (await world["client"].get(url, params=asked)).json()["data"]
        field, _, direction = (order or "").partition(":")
        if field:
            found = [thing[field] for thing in whole if thing[field] is not None]
            assert found == sorted(found, reverse=direction == "desc")
        assert await all_of(world["client"], url, asked) == whole


@pytest.mark.parametrize("name", LISTS)
async def test_each_field_of_a_list_can_be_chosen(world, name):
    url, needed = request_of(name, world)
    whole = (await world["client"].get(url, params=needed)).json()
    for field in whole["data"][0] if whole["data"] else ():
        response = await world["client"].get(url, params=needed | {"fields": field})
        assert response.status_code == 200, response.text
        assert response.json()["data"] == [{field: thing[field]} for thing in whole["data"]]


async def test_what_is_told_of_people_is_told_of_members_only(client, home):
    person = await home.make_person("ADMIN")
    made = await person.client.post("/v1/api-keys", json={"name": "key", "scopes": ["goals:read"]})
    key_id = made.json()["data"]["id"]
    user_id = str(person.user.id)
    key = (await client.get(f"/v1/api-keys/{key_id}?expand=creator")).json()["data"]
    assert (key["creator"]["id"], key["creator"]["email"]) == (user_id, person.user.email)
    entries = (await client.get("/v1/audit-log?expand=user&action:in=API_KEY_CREATED")).json()["data"]
    assert entries[0]["user"]["id"] == user_id
    # What a program did, nobody did.
    assert entries[-1]["user"] is None
    await client.delete(f"/v1/team/{user_id}")
    assert (await client.get(f"/v1/api-keys/{key_id}?expand=creator")).json()["data"]["creator"] is None


async def test_events_bring_their_website_and_its_goals_along(client, home, monkeypatch):
    from tests.integration.walking import watch

    websites = [await make_website(client, name=f"Site {number}") for number in range(3)]
    condition = {"kind": "EVENT", "event_name": "purchase"}
    for website_id in websites:
        body = {"website_id": website_id, "name": f"Goal of {website_id}", "condition": condition}
        await client.post("/v1/goals", json=body)
        await send_events(client, *(make_event(website_id) for _ in range(4)))
    seen = watch(monkeypatch.setattr)
    events = (await client.get("/v1/events?expand=website.goals")).json()["data"]
    assert len(events) == 12
    assert all(event["website"]["id"] == event["website_id"] for event in events)
    assert all([g["name"] for g in e["website"]["goals"]] == [f"Goal of {e['website_id']}"] for e in events)
    assert len([text for text in seen if text.lstrip().startswith(("SELECT", "--", "WITH"))]) == 3
    # Both levels take their scope.
    half = home.open(await home.make_key(["events:read", "websites:read"]))
    refused = await half.get("/v1/events?expand=website.goals")
    assert refused.json()["details"] == {"missing_scopes": ["goals:read"]}


async def test_addresses_are_alike_in_large_and_small_letters(client, home):
    person = await home.make_person("VIEWER")
    email = person.user.email
    for query in (
        {"email": email.upper()},
        {"email:in": email.title()},
        {"email:contains": email[:9].upper()},
    ):
        response = await client.get("/v1/team", params=query)
        assert [member["email"] for member in response.json()["data"]] == [email]
    assert (await client.get("/v1/team", params={"email:ne": email.upper()})).json()["data"] == []


async def test_a_visitors_events_come_oldest_first_where_asked(client, website_id):
    hours = range(8)
    # Two visits, the second of them over midnight, and somebody else in between.
    moments = [f"2026-11-03T{hour:02}:00:00Z" for hour in hours] + ["2026-11-03T07:10:00Z"]
    await send_events(
        client,
        *(make_event(website_id, id=f"e{index}", timestamp=moment) for index, moment in enumerate(moments)),
        make_event(website_id, visitor_id="ben", timestamp=moments[3]),
    )
    query = {"website_id": website_id, "visitor_id": "anna"}
    for order in ("asc", "desc"):
        events = await all_of(client, "/v1/events", query | {"sort": f"timestamp:{order}"})
        assert [event["timestamp"] for event in events] == sorted(moments, reverse=order == "desc")
