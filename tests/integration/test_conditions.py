"""ETags, 304 and 412: nobody fetches what they have, and nobody overwrites what they have not seen."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from .conftest import make_website
from .test_goals import EVENT, PAGE, code_of, make_goal
from .walking import Operation, Settled, operations

ALL = operations()
# What the person of the walk is answered instead of a success: conditions say nothing of that.
REFUSED = {
    "get-test-clock": (403, "SANDBOX_REQUIRED"),
    "download-report-run": (409, "REPORT_NOT_DONE"),
    "update-member": (409, "LAST_OWNER"),
    # The walk made it, and the program of the person was let into no workspace but the first.
    "update-workspace-by-id": (404, "NOT_FOUND"),
    "patch-workspace-by-id": (404, "NOT_FOUND"),
}


def takes(operation: Operation, header: str) -> bool:
    return any(each["name"] == header for each in operation.parameters)


@pytest.fixture(scope="module")
async def settled(make_home_of_module, database_url) -> Settled:
    """A workspace with one of everything, entered by a person, who may do most."""
    home = await make_home_of_module()
    with psycopg.connect(database_url) as everything:
        # A person may write only so often in a minute, and here one tries every operation.
        everything.execute(
            """UPDATE workspaces SET limits = '{"user": 100000, "reads": 100000, "writes": 100000}'"""
            " WHERE workspace_id = %s",
            [home.workspace.id],
        )
    settled = Settled((await home.make_person("OWNER")).client)
    await settled.settle()
    return settled


def reachable(settled: Settled, operation: Operation) -> bool:
    return set(operation.path_parameters) <= set(settled.known)


@pytest.mark.requirement("DF-10", "B-12")
@pytest.mark.parametrize("operation", [each for each in ALL if takes(each, "If-None-Match")], ids=str)
async def test_what_did_not_change_is_not_sent_again(settled, operation):
    assert reachable(settled, operation)
    request = operation.ask(settled.known)
    first = await settled.client.request(**request)
    if operation.id in REFUSED:
        assert code_of(first) == REFUSED[operation.id]
        return
    assert first.status_code == 200, first.text
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "API-Key, Authorization, X-Tenant-Id"

    again = await settled.client.request(**request, headers={"If-None-Match": f'"other", W/{etag}'})
    if operation.id in ("get-realtime-metrics", "get-usage"):
        return  # They tell the moment, and how often it was asked, and so never stay the same.
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert "content-type" not in again.headers
    assert again.headers["cache-control"] == "private, no-cache"
    star = await settled.client.request(**request, headers={"If-None-Match": "*"})
    assert star.status_code == 304
    other = await settled.client.request(**request, headers={"If-None-Match": '"other", nonsense'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.requirement("B-12")
async def test_equal_content_has_an_equal_tag_whoever_asks(home, client, website_id):
    other = home.open(await home.make_key())
    person = (await home.make_person()).client
    tags = {
        (await each.get(f"/v1/websites/{website_id}")).headers["etag"] for each in (client, other, person)
    }
    assert len(tags) == 1
    head = await client.head(f"/v1/websites/{website_id}", headers={"If-None-Match": tags.copy().pop()})
    assert head.status_code == 304


@pytest.mark.requirement("B-12")
async def test_a_304_costs_no_request_of_the_plan(home):
    client = home.open(await home.make_key())
    website_id = await make_website(client)

    async def left(headers: dict[str, str] | None = None) -> tuple[int, int]:
        answer = await client.get(f"/v1/websites/{website_id}", headers=headers)
        # The scarcest limit is shown; what is left of the bucket stands among all of them.
        items = dict(item.split(";", 1) for item in answer.headers["ratelimit"].split(", "))
        return answer.status_code, int(items['"workspace"'].split(";")[0].removeprefix("r="))

    etag = (await client.get(f"/v1/websites/{website_id}")).headers["etag"]
    _, before = await left()
    for _ in range(5):
        answer = await client.get(f"/v1/websites/{website_id}", headers={"If-None-Match": etag})
        assert answer.status_code == 304
    assert (await left())[1] == before - 1


async def change(client: httpx.AsyncClient, url: str, name: str, etag: str | None) -> httpx.Response:
    headers = {"If-Match": etag} if etag else {}
    return await client.put(url, json={"name": name, "condition": EVENT}, headers=headers)


async def test_the_second_of_two_editors_is_told_and_can_merge(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    seen = (await client.get(url)).headers["etag"]
    first = await change(client, url, "Anna's", seen)
    assert first.status_code == 200

    second = await change(client, url, "Ben's", seen)
    assert code_of(second) == (412, "PRECONDITION_FAILED")
    assert (await client.get(url)).json()["data"]["name"] == "Anna's"
    now = (await client.get(url)).headers["etag"]
    # The answer to a change, and the refusal, tell the present tag, so that nobody has to ask.
    assert second.headers["etag"] == first.headers["etag"] == now
    assert (await change(client, url, "Anna's and Ben's", now)).status_code == 200


async def test_of_many_editors_who_saw_the_same_one_wins(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    for _ in range(5):
        seen = (await client.get(url)).headers["etag"]
        answers = await asyncio.gather(*(change(client, url, f"By {n}", seen) for n in range(12)))
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
        (winner,) = [answer for answer in answers if answer.status_code == 200]
        assert (await client.get(url)).json() == winner.json()


async def test_a_change_without_a_condition_is_not_lost_under_one_with(client, website_id):
    """Whoever asks for nothing may come between reading and writing, and is noticed."""
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    for round_ in range(8):
        seen = (await client.get(url)).headers["etag"]
        careful, blind = await asyncio.gather(
            change(client, url, f"careful {round_}", seen), change(client, url, f"blind {round_}", None)
        )
        assert blind.status_code == 200
        name = (await client.get(url)).json()["data"]["name"]
        if careful.status_code == 412:
            assert name == f"blind {round_}"
        else:
            assert careful.status_code == 200, careful.text


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("*", 200),
        ('"nothing", {etag}', 200),
        ("W/{etag}", 412),
        ('"nothing"', 412),
        ("nothing", 400),
        ('"' + "x" * 2000 + '"', 400),
    ],
)
async def test_conditions_are_read_as_http_says(client, website_id, condition, status):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    etag = (await client.get(url)).headers["etag"]
    response = await change(client, url, "New", condition.replace("{etag}", etag))
    assert response.status_code == status, response.text
    assert ((await client.get(url)).json()["data"]["name"] == "New") == (status == 200)


async def test_a_thing_is_deleted_only_as_it_was_seen(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    seen = (await client.get(url)).headers["etag"]
    await client.put(url, json={"name": "Reader", "condition": PAGE})
    assert (await client.delete(url, headers={"If-Match": seen})).status_code == 412
    now = (await client.get(url)).headers["etag"]
    assert (await client.delete(url, headers={"If-Match": now})).status_code == 204
    assert (await client.delete(url, headers={"If-Match": "*"})).status_code == 404


async def test_a_condition_and_a_key_go_together(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    seen = (await client.get(url)).headers["etag"]
    request: dict[str, Any] = {
        "json": {"name": "New", "condition": EVENT},
        "headers": {"If-Match": seen, "Idempotency-Key": "once"},
    }
    first, again = await client.put(url, **request), await client.put(url, **request)
    # The condition no longer holds, but what was asked for is done: that is what a retry wants to know.
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"] == (await client.get(url)).headers["etag"]


@pytest.mark.parametrize(
    "operation", [each for each in ALL if takes(each, "If-Match") and each.method != "DELETE"], ids=str
)
async def test_what_a_change_answers_has_the_tag_of_what_get_answers_then(settled, operation):
    assert reachable(settled, operation)
    request = operation.ask(settled.known)
    url = request["url"]
    seen = (await settled.client.get(url)).headers["etag"]
    changed = await settled.client.request(**request, headers={"If-Match": seen})
    if operation.id in REFUSED:
        assert code_of(changed) == REFUSED[operation.id]
        return
    assert changed.status_code == 200, changed.text
    now = await settled.client.get(url)
    assert now.json() == changed.json()
    assert now.headers["etag"] == changed.headers["etag"]
    if now.headers["etag"] != seen:
        late = await settled.client.request(**request, headers={"If-Match": seen})
        assert code_of(late) == (412, "PRECONDITION_FAILED")
