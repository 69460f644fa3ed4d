"""Turns: never more than there are, in their order, and none is lost."""

import asyncio

import pytest

from cloudmetrics.platform.turns import Turns


async def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    turns, order = Turns(1), []

    async def work(number: int) -> None:
        await turns.take(5)
        order.append(number)
        await asyncio.sleep(0)
        turns.give_back()

    await asyncio.gather(*map(work, range(20)))
    assert order == list(range(20))


async def test_never_more_are_at_work_than_there_are_turns():
    turns, at_work, most = Turns(3), 0, 0

    async def work() -> None:
        nonlocal at_work, most
        await turns.take(5)
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.001)
        at_work -= 1
        turns.give_back()

    await asyncio.gather(*(work() for _ in range(50)))
    assert (most, at_work) == (3, 0)


async def test_who_waits_too_long_hears_so_and_takes_no_turn_along():
    turns = Turns(1)
    await turns.take(5)
    with pytest.raises(TimeoutError):
        await turns.take(0.01)
    turns.give_back()
    await asyncio.wait_for(turns.take(5), 1)


@pytest.mark.parametrize("given_first", [False, True])
async def test_whoever_is_cancelled_while_waiting_leaves_the_turn_to_the_next(given_first):
    turns = Turns(1)
    await turns.take(5)
    waiting = asyncio.create_task(turns.take(5))
    await asyncio.sleep(0)
    if given_first:
        turns.give_back()
        waiting.cancel()
    else:
        waiting.cancel()
        turns.give_back()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(turns.take(5), 1)
