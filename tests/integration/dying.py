"""A process that dies by SIGKILL in the middle of a write with a key, once at every step of it.

    python -m tests.integration.dying <database URL> <Redis URL> <API key>

Each step is tried in a process of its own, forked from one that has compiled the
contract already. Prints a line of JSON for each: where it died, and what two
retries in fresh processes were answered.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Generator
from typing import Any, NoReturn
from uuid import uuid4

import psycopg
from psycopg.waiting import Wait

from .conftest import client_of, make_app, settings_for

WAYS = ("before", "sent", "after")
Step = tuple[int, str]


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody comes here")


def until_sent(work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Does what PostgreSQL is asked for, up to where only its answer is waited for."""
    wanted = next(work)
    while True:
        if wanted == Wait.R:
            die()
        ready = yield wanted
        try:
            wanted = work.send(ready)
        except StopIteration as done:
            return done.value


def die_at(step: Step | None) -> Callable[[], int]:
    """Ends the process at the n-th message to PostgreSQL from now on; tells how many there were."""
    wait = psycopg.AsyncConnection.wait
    messages = 0

    async def counted(self: Any, work: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal messages
        messages += 1
        if step == (messages, "before"):
            die()
        answer = await wait(
            self, until_sent(work) if step == (messages, "sent") else work, *arguments, **options
        )
        if step == (messages, "after"):
            die()
        return answer

    psycopg.AsyncConnection.wait = counted  # type: ignore[method-assign]
    return lambda: messages


async def write(app: Any, api_key: str, key: str, name: str, step: Step | None) -> dict[str, Any]:
    async with client_of(app, api_key) as client:
        # Who calls is looked up, and connections are open.
        assert (await client.get("/v1/api-keys")).status_code == 200
        count = die_at(step)
        response = await client.post(
            "/v1/api-keys",
            json={"name": name, "scopes": ["events:read"]},
            headers={"Idempotency-Key": key},
        )
        messages = count()
        listed = (await client.get("/v1/api-keys?limit=1000")).json()["data"]
    return {
        "messages": messages,
        "status": response.status_code,
        "body": response.text,
        "replayed": response.headers.get("idempotency-replayed"),
        "made": sum(each["name"] == name for each in listed),
    }


def in_a_process_of_its_own(work: Callable[[], Any]) -> Any:
    """What the work returns, or None where its process was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(work(), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return json.loads(said) if said else None


def main(database_url: str, redis_url: str, api_key: str) -> None:
    app = make_app(settings_for(database_url, redis_url))

    def attempt(key: str, step: Step | None = None) -> Any:
        return in_a_process_of_its_own(lambda: asyncio.run(write(app, api_key, key, key[:20], step)))

    messages = attempt(str(uuid4()))["messages"]
    for number in range(1, messages + 1):
        for way in WAYS:
            key = str(uuid4())
            dead = attempt(key, (number, way))
            retries = [attempt(key), attempt(key)]
            step = {"message": number, "of": messages, "way": way}
            print(json.dumps(step | {"dead": dead is None, "retries": retries}))


if __name__ == "__main__":
    main(*sys.argv[1:])
