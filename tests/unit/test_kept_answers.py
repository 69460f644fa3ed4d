"""Keeping answers in a memory of limited size."""

from datetime import date
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.answers.models import State
from cloudmetrics.analytics.answers.service import Kept, answer
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.signing import Keyring

HOME = uuid4()


def key(name: str) -> tuple:
    return (HOME, "digest", name.encode())


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 900)), max_size=40))
def test_there_is_never_more_than_may_be(puts):
    kept = Kept(2000)
    latest: dict[str, bytes] = {}
    for name, size in puts:
        latest[name] = bytes(size)
        kept.put(key(name), latest[name])
        found = {each: kept.get(key(each)) for each in latest}
        present = {each: body for each, body in found.items() if body is not None}
        assert sum(201 + len(body) for body in present.values()) <= 2000
        assert all(body == latest[each] for each, body in present.items())
        assert kept.get(key(name)) == latest[name]


def test_what_was_not_asked_for_longest_goes_first():
    kept = Kept(1000)
    for name in "abc":
        kept.put(key(name), bytes(100))
    kept.get(key("a"))
    kept.put(key("d"), bytes(100))
    assert [name for name in "abcd" if kept.get(key(name)) is not None] == ["a", "c", "d"]


def test_an_answer_that_is_too_large_is_not_kept():
    kept = Kept(1000)
    kept.put(key("a"), bytes(2000))
    assert kept.get(key("a")) is None


def caller() -> Caller:
    return Caller(Tenant(Database("postgresql:///nowhere"), uuid4()), Keyring(bytes(32)))


async def test_an_answer_belongs_to_its_question_its_state_and_its_tenant():
    drawn: list[str] = []

    def draw(name: str):
        async def give() -> dict:
            drawn.append(name)
            return {"name": name}

        return give

    one, other = caller(), caller()
    before, after = (State(1, digest, "UTC", "USD", ("USD",)) for digest in ("before", "after"))
    today, tomorrow = {"day": date(2026, 11, 3)}, {"day": date(2026, 11, 4)}
    for who, state, question, name in (
        (one, before, today, "first"),
        (one, after, today, "newer"),
        (one, after, tomorrow, "later"),
        (other, before, today, "theirs"),
    ):
        for _ in range(2):
            assert await answer(who, state, question, draw(name)) == {"name": name}
    assert drawn == ["first", "newer", "later", "theirs"]
    # Whoever changes what they were given changes nobody else's.
    (await answer(one, before, today, draw("never")))["name"] = "changed"
    assert await answer(one, before, today, draw("never")) == {"name": "first"}


async def test_a_failure_is_not_kept():
    who, state = caller(), State(1, "digest", "UTC", "USD", ("USD",))

    async def fail() -> dict:
        raise ZeroDivisionError

    async def give() -> dict:
        return {}

    for _ in range(2):
        try:
            await answer(who, state, {}, fail)
        except ZeroDivisionError:
            continue
        raise AssertionError("it did not fail")
    assert await answer(who, state, {}, give) == {}
