"""What every collection can do, tried over HTTP on goals: filter, sort, choose fields, expand."""

import asyncio
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.integration.conftest import make_website
from tests.integration.walking import watch

pytestmark = pytest.mark.requirement("CM-7", "PL-10")

EVENT = {"kind": "EVENT", "event_name": "purchase"}
PAGE = {"kind": "PAGE", "path_pattern": "/docs/*"}
NAMES = ["b", "A", "a", "Ä", "é", "100%", "a_b", "x'; DROP TABLE goals; --", "\u202eevil", "c,d", '"q"', "🙂"]


async def make_goal(client, website_id: str, name: str, condition: dict[str, Any] = EVENT) -> dict[str, Any]:
    body = {"website_id": website_id, "name": name, "condition": condition}
    response = await client.post("/v1/goals", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()["data"]
    return made


@pytest.fixture
async def goals(client, website_id) -> list[dict[str, Any]]:
    return [
        await make_goal(client, website_id, name, PAGE if index % 3 == 0 else EVENT)
        for index, name in enumerate(NAMES)
    ]


async def names(client, **params: str) -> list[str]:
    response = await client.get("/v1/goals", params=params)
    assert response.status_code == 200, response.text
    return [goal["name"] for goal in response.json()["data"]]


def problems(response) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return [(each["parameter"], each["code"]) for each in response.json()["errors"]]


class TestFilters:
    @pytest.mark.parametrize("name", NAMES)
    async def test_a_text_is_taken_as_it_is(self, client, goals, name):
        others = [each for each in NAMES if each != name]
        quoted = '"' + name.replace('"', '""') + '"'
        assert await names(client, **{"name": name}) == [name]
        assert await names(client, **{"name:ne": name}) == others
        assert await names(client, **{"name:in": f"{quoted},nobody"}) == [name]
        assert name in await names(client, **{"name:contains": name})

    @pytest.mark.parametrize(
        ("text", "found"),
        [("a", ["A", "a", "a_b", "x'; DROP TABLE goals; --"]), ("%", ["100%"]), ("_", ["a_b"]), ("ä", ["Ä"])],
    )
    async def test_contains_looks_for_the_text_in_either_case(self, client, goals, text, found):
        assert await names(client, **{"name:contains": text}) == found

    async def test_moments_are_compared(self, client, goals):
        moment = goals[4]["created_at"]
        assert await names(client, **{"created_at:gt": moment}) == NAMES[5:]
        assert await names(client, **{"created_at:gte": moment}) == NAMES[4:]
        assert await names(client, **{"created_at:lt": moment}) == NAMES[:4]
        assert await names(client, **{"created_at:lte": moment}) == NAMES[:5]
        both = {"created_at:gte": moment, "created_at:lt": goals[6]["created_at"]}
        assert await names(client, **both) == NAMES[4:6]
        # The same moment elsewhere on earth.
        assert await names(client, **{"created_at:gte": moment.replace("Z", "+00:00")}) == NAMES[4:]

    async def test_filters_are_joined_by_and(self, client, goals, website_id):
        pages = NAMES[::3]
        assert await names(client, kind="PAGE") == pages
        assert await names(client, **{"kind:ne": "EVENT"}) == pages
        assert await names(client, **{"kind:in": "PAGE,EVENT"}) == NAMES
        assert await names(client, kind="PAGE", **{"name:contains": "b"}) == ["b", "a_b"]
        assert await names(client, kind="PAGE", website_id=website_id, name="a") == []

    @pytest.mark.parametrize(
        ("raw", "parameter", "code"),
        [
            ("name=", "name", "TOO_SHORT"),
            ("name=%00", "name", "ENCODING"),
            ("name:contains=a%00", "name:contains", "ENCODING"),
            ("name:in=a,%00", "name:in", "ENCODING"),
            # Halves of surrogate pairs are no characters, and so not UTF-8.
            ("name=%ED%A0%80", "name", "ENCODING"),
            ("name:contains=%ED%B0%80", "name:contains", "ENCODING"),
            ("name=%FF", "name", "ENCODING"),
            ("name:in=" + ",".join("x" * 51), "name:in", "TOO_MANY"),
            ('name:in="x', "name:in", "FORMAT"),
            ("created_at:gte=yesterday", "created_at:gte", "FORMAT"),
            ("created_at:gte=2026-11-01T00:00:00", "created_at:gte", "FORMAT"),
            ("created_at:gte=2016-12-31T23:59:60Z", "created_at:gte", "DATE_OUT_OF_RANGE"),
            ("created_at:gte=0000-01-01T00:00:00Z", "created_at:gte", "DATE_OUT_OF_RANGE"),
            ("kind=CLICK", "kind", "ENUM"),
            ("kind:in=PAGE,CLICK", "kind:in", "ENUM"),
            ("website_id='%20OR%20TRUE", "website_id", "FORMAT"),
            ("name:like=a", "name:like", "UNKNOWN_PARAMETER"),
            ("created_at:contains=2", "created_at:contains", "UNKNOWN_PARAMETER"),
            ("name=a&name=b", "name", "REPEATED"),
        ],
        ids=lambda value: value[:40],
    )
    async def test_what_is_no_such_value_is_refused(self, client, raw, parameter, code):
        assert (parameter, code) in problems(await client.get(f"/v1/goals?{raw}"))

    @pytest.mark.parametrize(
        "name", ["name", "name:ne", "name:in", "name:contains", "created_at:gte", "kind"]
    )
    async def test_a_value_of_a_megabyte_is_refused(self, app, client, name):
        status, body = await get_raw(app, client.headers["api-key"], f"{name}={'x' * 2**20}".encode())
        assert (status, body["errors"][0]["parameter"]) == (400, name)
        assert len(str(body)) < 1000


class TestOrder:
    async def test_texts_are_sorted_by_code_point(self, client, goals):
        assert await names(client, sort="name:asc") == sorted(NAMES)
        assert await names(client, sort="name:desc") == sorted(NAMES, reverse=True)

    async def test_the_second_field_decides_where_the_first_does_not(self, client, website_id):
        made = [await make_goal(client, website_id, name) for name in ("b", "a", "b", "a")]
        response = await client.get("/v1/goals?sort=name:asc,created_at:desc")
        ids = [goal["id"] for goal in response.json()["data"]]
        assert ids == [made[index]["id"] for index in (3, 1, 2, 0)]

    async def test_pages_of_any_order_follow_each_other(self, client, goals):
        seen: list[str] = []
        url = "/v1/goals?sort=name:desc,created_at:asc&limit=5&kind:in=PAGE,EVENT&fields=name"
        while url:
            response = await client.get(url)
            seen += [goal["name"] for goal in response.json()["data"]]
            assert response.links["first"]["url"].startswith("/v1/goals?sort=name:desc,created_at:asc")
            url = response.links.get("next", {}).get("url")
        assert seen == sorted(NAMES, reverse=True)

    async def test_pages_stay_whole_while_others_write(self, client, website_id):
        stay = {(await make_goal(client, website_id, f"stays {number}"))["id"] for number in range(12)}
        seen: list[str] = []

        async def come_and_go(number: int) -> None:
            while len(seen) < len(stay):
                made = await make_goal(client, website_id, f"stays {number}.5")
                await client.delete(f"/v1/goals/{made['id']}")

        async def follow() -> None:
            url = "/v1/goals?sort=name:desc&limit=2"
            while url:
                response = await client.get(url)
                seen.extend(goal["id"] for goal in response.json()["data"])
                url = response.links.get("next", {}).get("url")

        await asyncio.gather(follow(), *(come_and_go(number) for number in range(4)))
        assert [each for each in seen if each in stay] == sorted(stay, key=seen.index)
        assert len(seen) == len(set(seen))
        assert stay <= set(seen)

    async def test_a_cursor_of_another_order_is_refused(self, client, goals):
        cursor = (await client.get("/v1/goals?limit=2&sort=name:asc")).json()["pagination"]["next_cursor"]
        for query in ("sort=name:desc", "sort=name:asc,created_at:asc", "", "sort=name:asc&kind=PAGE"):
            response = await client.get(f"/v1/goals?{query}", params={"cursor": cursor})
            assert (response.status_code, response.json()["code"]) == (400, "INVALID_CURSOR")

    async def test_whatever_is_wrong_with_an_order_is_told_at_once(self, client):
        response = await client.get("/v1/goals?sort=nmae:asc,name:up,condition:asc&limit=0")
        assert problems(response) == [("sort", "ENUM")] * 3 + [("limit", "TOO_SMALL")]
        message = response.json()["errors"][0]["message"]
        assert message.startswith("nmae:asc: Must be one of created_at:asc, created_at:desc, name:asc")
        assert problems(await client.get("/v1/goals?sort=")) == [("sort", "TOO_FEW")]
        injected = await client.get("/v1/goals", params={"sort": "name:asc; DROP TABLE goals"})
        assert problems(injected) == [("sort", "ENUM")]


class TestFields:
    async def test_of_each_thing_come_only_the_fields_that_are_named(self, client, goals):
        response = await client.get("/v1/goals?fields=name,condition.kind&limit=2&sort=name:asc")
        assert response.json()["data"] == [
            {"name": '"q"', "condition": {"kind": "EVENT"}},
            {"name": "100%", "condition": {"kind": "EVENT"}},
        ]
        assert response.json()["pagination"]["has_more"] is True
        one = await client.get(f"/v1/goals/{goals[0]['id']}?fields=name")
        assert one.json() == {"data": {"name": "b"}, "meta": {}}

    async def test_unknown_fields_are_told_all_at_once(self, client):
        response = await client.get("/v1/goals?fields=nmae,condition.knid,name.first,name")
        assert problems(response) == [("fields", "UNKNOWN_FIELD")] * 3
        assert "did you mean kind?" in response.json()["errors"][1]["message"]
        too_many = await client.get("/v1/goals?fields=" + ",".join(["name"] * 51))
        assert problems(too_many) == [("fields", "TOO_MANY")]


class TestExpand:
    async def test_related_things_come_with_those_that_name_them(self, client, goals, website_id):
        other = await make_website(client, name="Other")
        await make_goal(client, other, "elsewhere")
        listed = (await client.get("/v1/goals?expand=website")).json()["data"]
        assert [goal["website"]["id"] for goal in listed] == [goal["website_id"] for goal in listed]
        assert {goal["website"]["name"] for goal in listed} == {"Shop", "Other"}
        website = (await client.get(f"/v1/websites/{website_id}")).json()["data"]
        one = await client.get(f"/v1/goals/{goals[0]['id']}?expand=website")
        assert one.json()["data"] == goals[0] | {"website": website}
        both = await client.get("/v1/websites?expand=goals&fields=id,goals.name&sort=created_at:asc")
        assert both.json()["data"] == [
            {"id": website_id, "goals": [{"name": name} for name in NAMES]},
            {"id": other, "goals": [{"name": "elsewhere"}]},
        ]

    async def test_what_has_no_related_things_says_so(self, client, website_id):
        assert (await client.get("/v1/websites?expand=goals")).json()["data"][0]["goals"] == []

    async def test_however_many_things_the_queries_are_as_many(self, client, monkeypatch, website_id):
        urls = ["/v1/goals?expand=website", "/v1/websites?expand=goals"]
        await make_goal(client, website_id, "first")
        seen = watch(monkeypatch.setattr)
        few = await statements(client, seen, urls)
        for number in range(10):
            await make_goal(client, await make_website(client), str(number))
        many = await statements(client, seen, urls)
        assert few == many
        assert all(len(each) <= 4 for each in many)

    async def test_what_cannot_be_read_alone_cannot_be_expanded(self, home, client, goals):
        reader = home.open(await home.make_key(["goals:read"]))
        assert (await reader.get("/v1/goals")).status_code == 200
        for url in ("/v1/goals?expand=website", f"/v1/goals/{goals[0]['id']}?expand=website"):
            response = await reader.get(url)
            assert (response.status_code, response.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
            assert response.json()["details"] == {"missing_scopes": ["websites:read"]}

    async def test_what_is_not_related_is_refused(self, client):
        response = await client.get("/v1/goals?expand=visitors,website.secrets")
        assert ("expand", "ENUM") in problems(response)

    @pytest.mark.requirement("PL-5")
    async def test_nothing_of_another_tenant_is_expanded(self, client, make_home, website_id):
        other = await make_home()
        other_client = other.open(await other.make_key())
        await make_goal(other_client, await make_website(other_client), "theirs")
        await make_goal(client, website_id, "ours")
        response = await client.get("/v1/websites?expand=goals")
        assert [[goal["name"] for goal in each["goals"]] for each in response.json()["data"]] == [["ours"]]


async def get_raw(app, key: str, query: bytes) -> tuple[int, dict[str, Any]]:
    """What a request answers whose URL is longer than clients would send."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    scope |= {"scheme": "https", "path": "/v1/goals", "raw_path": b"/v1/goals", "root_path": ""}
    scope |= {"query_string": query, "client": ("11.9.9.9", 1), "server": ("api", 443)}
    await app(scope | {"headers": [(b"api-key", key.encode()), (b"host", b"api")]}, receive, send)
    return sent[0]["status"], orjson.loads(sent[1]["body"])


async def statements(client, seen: list[str], urls: list[str]) -> list[list[str]]:
    """The kinds of statements that each request sends, in their order."""
    found = []
    for url in urls:
        seen.clear()
        assert (await client.get(url)).status_code == 200
        found.append([each.strip()[:40] for each in seen])
    return found


async def test_a_link_that_no_header_could_carry_is_left_out(client, goals):
    name = quote("🙂" * 100)
    response = await client.get(f"/v1/goals?limit=1&name:in={','.join([name] * 9)},b,a")
    assert response.status_code == 200
    assert response.json()["pagination"]["has_more"] is True
    assert response.links == {}
