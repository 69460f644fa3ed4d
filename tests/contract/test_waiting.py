"""A time limit that sets its clock only when there is something to wait for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cloudmetrics.contract.waiting import within

pytestmark = [pytest.mark.requirement("B-1")]

LONG, SHORT = 60.0, 0.01


async def at_once(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


async def after(steps: int, value: Any) -> Any:
    """Waits for the event loop, and then for futures that it resolves."""
    await asyncio.sleep(0)
    for _ in range(steps):
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, "step")
        assert await future == "step"
    return await at_once(value)


async def test_what_need_not_wait_sets_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_clock(*_: Any) -> None:
        raise AssertionError("a clock was set")

    monkeypatch.setattr(asyncio, "timeout", no_clock)
    assert await within(LONG, at_once(7)) == 7
    with pytest.raises(KeyError):
        await within(LONG, at_once(KeyError()))
    with pytest.raises(AssertionError, match="a clock was set"):
        await within(LONG, after(1, 7))


@pytest.mark.parametrize("steps", [0, 1, 3])
async def test_what_waits_goes_on_to_its_end(steps: int) -> None:
    assert await within(LONG, after(steps, 7)) == 7
    with pytest.raises(KeyError):
        await within(LONG, after(steps, KeyError()))


@pytest.mark.parametrize("steps", [0, 2])
async def test_what_waits_too_long_is_ended(steps: int) -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await after(steps, None)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("ended")

    with pytest.raises(TimeoutError):
        await within(SHORT, forever())
    assert ended == ["ended"]


async def test_who_waits_can_be_cancelled() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    task = asyncio.create_task(within(LONG, forever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]


async def test_a_limit_inside_a_limit_is_told_from_it() -> None:
    async def patient() -> str:
        try:
            async with asyncio.timeout(SHORT):
                await asyncio.Event().wait()
        except TimeoutError:
            return "the inner one"
        return "none"

    assert await within(LONG, patient()) == "the inner one"
