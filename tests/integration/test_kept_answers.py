"""Answers that are kept for a while are never old, and questions that take too long are given up."""

import asyncio

import pytest

from tests.integration.conftest import make_event, send_events
from tests.integration.test_database import running
from tests.integration.test_question_edges import NOVEMBER, ask, refused, values
from tests.integration.test_questions import METRICS


@pytest.mark.requirement("DF-14")
async def test_what_takes_too_long_is_given_up_and_leaves_nothing_running(
    client, website_id, database_url, monkeypatch
):
    monkeypatch.setattr("cloudmetrics.analytics.questions.store.QUESTION_SECONDS", 0.001)
    for number in range(2):
        events = [make_event(website_id, visitor_id=f"v{number}-{n}", url=f"/{n}") for n in range(500)]
        await send_events(client, *events)
    asked = {"metrics": METRICS, "dimensions": ["page", "properties.x"], "goal": "signup", "limit": 1000}
    await send_events(client, make_event(website_id, properties={"x": 1}))
    status, found = await refused(client, **asked)
    assert (status, found) == (422, {"": "QUERY_TOO_SLOW"})
    assert await running(database_url, "%site AS NOT MATERIALIZED%") == 0
    monkeypatch.setattr("cloudmetrics.analytics.questions.store.QUESTION_SECONDS", 10)
    assert len((await ask(client, **asked))["data"]) == 501


@pytest.mark.requirement("B-2")
async def test_a_kept_answer_is_never_old(client, website_id, home, monkeypatch):
    """The same question before and after every kind of change, and from several askers at once."""
    question = {"metrics": ["visitors", "events", "revenue"], "website_id": website_id}

    async def counted() -> tuple:
        (post,) = (await ask(client, **question))["data"]
        get = (await client.get("/v1/metrics", params=NOVEMBER | {"website_id": website_id})).json()["data"]
        seen = tuple(post["metrics"][name] for name in ("visitors", "events"))
        assert seen == (get["visitors"], get["events"])
        return *seen, post["metrics"]["revenue"]["currency"]

    assert await counted() == await counted() == (0, 0, "USD")
    event = make_event(website_id, timestamp="2026-11-01T00:30:00Z")
    await send_events(client, event)
    assert await counted() == (1, 1, "USD")
    await send_events(client, event)
    assert await counted() == (1, 1, "USD")
    body = {"name": "Shop", "domain": "kept.example", "timezone": "UTC", "currency": "EUR"}
    await client.put(f"/v1/websites/{website_id}", json=body)
    assert await counted() == (1, 1, "EUR")
    # In New York that was in October.
    await client.put(f"/v1/websites/{website_id}", json=body | {"timezone": "America/New_York"})
    assert await counted() == (0, 0, "EUR")


async def test_answers_of_a_moment_are_never_older_than_what_was_acknowledged(client, website_id):
    """Readers ask all the time; whoever got a receipt finds the event in the next answer."""
    question = {"metrics": ["events"], "website_id": website_id}
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            await ask(client, **question)

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for number in range(1, 16):
        await send_events(client, make_event(website_id))
        ((found,),) = [values(await ask(client, **question), "events")]
        assert found == (number,)
    done.set()
    await asyncio.gather(*readers)


async def test_the_same_question_is_not_counted_twice(client, website_id, monkeypatch):
    await send_events(client, make_event(website_id))
    question = {"metrics": ["events"], "website_id": website_id}
    first = await ask(client, **question)

    async def fail(*_: object) -> None:
        raise AssertionError("it was counted again")

    monkeypatch.setattr("cloudmetrics.analytics.questions.store.run", fail)
    assert await ask(client, **question) == first
