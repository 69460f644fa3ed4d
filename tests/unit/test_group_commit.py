"""Group commit: nobody waits for a group to fill, and nobody suffers from another one in it."""

import asyncio

from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.group_commit import GroupCommit


class Store:
    """Stores words once it is let; notes the groups in which they came."""

    def __init__(self, most: int = 100) -> None:
        self.groups: list[tuple[str, list[str]]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        self.commit: GroupCommit[str, str, str] = GroupCommit(self.store, weigh=len, most=most)

    async def store(self, key: str, words: list[str]) -> list[str]:
        self.groups.append((key, words))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if "bad" in words:
            raise ValueError("bad")
        return [word.upper() for word in words]

    async def begin(self, *words: str, key: str = "k") -> list[asyncio.Task[str]]:
        tasks = []
        for word in words:
            tasks.append(asyncio.ensure_future(self.commit.submit(key, word)))
            await asyncio.sleep(0.001)
        return tasks


async def test_one_alone_is_stored_at_once_and_what_comes_meanwhile_together():
    store = Store()
    tasks = await store.begin("a", "b", "c")
    assert store.groups == [("k", ["a"])]
    store.gate.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    assert store.groups == [("k", ["a"]), ("k", ["b", "c"])]
    assert await asyncio.gather(*await store.begin("d")) == ["D"]


async def test_keys_do_not_wait_for_each_other():
    store = Store()
    await store.begin("a", key="one")
    await store.begin("b", key="two")
    assert store.groups == [("one", ["a"]), ("two", ["b"])]


async def test_a_group_has_a_limit_but_always_takes_one():
    store = Store(most=4)
    tasks = await store.begin("x", "aa", "bb", "c", "longer", "d")
    store.gate.set()
    await asyncio.gather(*tasks)
    assert [words for _, words in store.groups] == [["x"], ["aa", "bb"], ["c"], ["longer"], ["d"]]


async def test_only_the_culprit_fails():
    store = Store()
    tasks = await store.begin("x", "a", "bad", "c")
    store.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == ["X", "A", "C"]
    assert isinstance(answers[2], ValueError)


async def test_an_absence_is_told_to_all_without_another_try():
    store = Store()
    store.error = Unavailable("away")
    tasks = await store.begin("x", "a", "b")
    store.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert len(store.groups) == 2


async def test_a_caller_that_leaves_takes_back_only_what_still_waits():
    store = Store()
    first, waiting, other = await store.begin("a", "b", "c")
    first.cancel()
    waiting.cancel()
    await asyncio.sleep(0)
    store.gate.set()
    assert await other == "C"
    assert [words for _, words in store.groups] == [["a"], ["c"]]


async def test_when_all_have_left_nothing_more_is_stored():
    store = Store()
    first, waiting = await store.begin("a", "b")
    waiting.cancel()
    store.gate.set()
    assert await first == "A"
    await asyncio.sleep(0)
    assert [words for _, words in store.groups] == [["a"]]


async def test_a_writer_that_is_ended_leaves_nobody_waiting():
    store = Store()
    tasks = await store.begin("a", "b")
    (writer,) = store.commit._writers
    writer.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(answer) for answer in answers} == {asyncio.CancelledError}
    store.gate.set()
    (again,) = await store.begin("c")
    assert await again == "C"
