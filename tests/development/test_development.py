"""Whatever is saved is live a moment later, or told as file, line, column and cure while the old goes on."""

import asyncio

import orjson
import pytest

from cloudmetrics.development.live import Live
from cloudmetrics.development.spectral import Spectral
from cloudmetrics.gates import tools
from cloudmetrics.gates.models import GateBroken
from tests.waiting import PATIENCE, eventually

from .conftest import THINGS


async def test_a_saved_contract_is_live_at_once(write):
    async with write() as writing:
        writing.save("spec/openapi.yaml", "/things:", "/stuff:")
        await writing.until_said("openapi.yaml: live after")
        assert (await writing.get("/stuff")).json() == ["cup"]


async def test_a_new_operation_is_mocked_until_somebody_writes_its_handler(write):
    async with write() as writing:
        writing.save("spec/paths/things.yaml", "get:\n  operationId: list", "put:\n  operationId: replace")
        await writing.until_said("live after")
        transport_answer = await ask(writing.app, "PUT", "/things")
        assert transport_answer == (200, b'["mocked"]')

        handlers = writing.root / "small_handlers" / "things.py"
        handlers.write_text("async def replace_things() -> list[str]:\n    return ['jug']\n")
        await writing.until_said("things.py: live after")
        assert await ask(writing.app, "PUT", "/things") == (200, b'["jug"]')


async def test_a_broken_contract_is_told_and_the_old_one_serves_on(write):
    async with write() as writing:
        writing.save("spec/paths/things.yaml", "tags: [Things]", "tags: [Things")
        told = await writing.until_said("spec/paths/things.yaml:4:")
        assert told.endswith("correct the YAML")
        assert (await writing.get("/things")).json() == ["cup"]

        writing.save("spec/paths/things.yaml", "tags: [Things", "tags: [Things]")
        await writing.until_said("things.yaml: live after")


async def test_a_saved_handler_is_live_also_twice_within_a_second(write):
    async with write() as writing:
        for name in ("jug", "cap"):
            del writing.said[:]
            handlers = writing.root / "small_handlers" / "things.py"
            handlers.write_text(f'async def list_things() -> list[str]:\n    return ["{name}"]\n')
            await writing.until_said("things.py: live after")
            assert (await writing.get("/things")).json() == [name]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("async def list_things(:\n", "small_handlers/things.py:1:23: invalid syntax"),
        ("import nothing_of_that_name\n", "small_handlers/things.py:1:1: ModuleNotFoundError"),
        (
            "async def list_things(size):\n    ...\n",
            "spec/paths/things.yaml:2:3: small_handlers.things",
        ),
    ],
)
async def test_a_broken_handler_is_told_and_the_old_one_serves_on(write, broken, told):
    async with write() as writing:
        (writing.root / "small_handlers" / "things.py").write_text(broken)
        await writing.until_said(told)
        assert (await writing.get("/things")).json() == ["cup"]


async def test_a_contract_that_is_broken_from_the_start_is_served_once_it_is_mended(project, write):
    path = project / "spec" / "paths" / "things.yaml"
    path.write_text(THINGS.replace("[Things]", "[Things"))
    async with write() as writing:
        assert (await writing.get("/things")).status_code == 503
        assert writing.said[0].startswith("spec/paths/things.yaml:4:")
        path.write_text(THINGS)

        async def served() -> bool:
            return (await writing.get("/things")).status_code == 200

        await eventually(served)


async def test_a_page_reloads_when_the_contract_changed_and_tells_what_is_broken(write):
    async with write() as writing:
        page = await writing.get("/docs")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "etag" not in page.headers
        assert int(page.headers["content-length"]) == len(page.content)

        stream = Stream(writing.app)
        first = await stream.next()
        assert f'data-edition="{first["edition"]}"' in page.text
        assert first["findings"] == []

        writing.save("spec/paths/things.yaml", "tags: [Things]", "tags: [Things")
        broken = await stream.next()
        assert broken["edition"] == first["edition"]
        assert broken["findings"][0].startswith("spec/paths/things.yaml:4:")

        writing.save("spec/paths/things.yaml", "tags: [Things", "tags: [Things]")
        mended = await stream.next()
        assert mended["edition"] != first["edition"]
        assert mended["findings"] == []

        writing.app.pages.close()
        await asyncio.wait_for(stream.task, PATIENCE)


async def test_the_script_is_served_and_other_answers_are_left_alone(write):
    async with write() as writing:
        script = await writing.get("/dev/reload.js")
        assert "EventSource" in script.text
        assert "data-edition" not in (await writing.get("/elsewhere")).text


async def test_requests_that_are_under_way_are_answered_by_the_former_application():
    release, ended = asyncio.Event(), asyncio.Event()

    def answering(text, until=None):
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                ended.set()
                await send({"type": "lifespan.shutdown.complete"})
                return
            if until is not None:
                await until.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": text})

        return app

    live = Live()
    await live.exchange(answering(b"old", release))
    slow = asyncio.create_task(ask(live, "GET", "/"))
    await asyncio.sleep(0)
    await live.exchange(answering(b"new"))
    assert await ask(live, "GET", "/") == (200, b"new")
    assert not ended.is_set()
    release.set()
    assert await slow == (200, b"old")
    await asyncio.wait_for(ended.wait(), PATIENCE)
    await live.close()


async def test_an_application_that_cannot_begin_does_not_take_the_place_of_the_former():
    async def failing(scope, receive, send):
        raise OSError("no store")

    async def sound(scope, receive, send):
        for moment in ("startup", "shutdown") if scope["type"] == "lifespan" else ():
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    live = Live()
    await live.exchange(sound)
    with pytest.raises(RuntimeError, match="startup failed"):
        await live.exchange(failing)
    assert (await ask(live, "GET", "/"))[0] == 204
    await live.close()


async def test_spectral_tells_a_moment_later_what_the_engine_does_not_mind(write, project):
    rules = project / ".spectral.yml"
    rules.write_text(
        "rules:\n  no-summary:\n    description: It has a summary.\n    message: Add summary.\n"
        "    given: $.paths[*][get]\n    severity: error\n    then: {field: summary, function: truthy}\n"
    )
    spectral = Spectral(rules, project)
    async with write(spectral) as writing:
        told = await writing.until_said("no-summary")
        assert told == "spec/paths/things.yaml:1:1: It has a summary [no-summary]; Add summary."
        process = spectral._process

        del writing.said[:]
        writing.save("spec/paths/things.yaml", "  tags:", "  summary: All.\n  tags:")
        await writing.until_said("live after")
        assert await spectral.judge(writing.app.builder.contract) == []
        assert spectral._process is process

        # The ruleset itself may change, also to nothing that Spectral understands.
        rules.write_text(rules.read_text().replace("truthy", "no-function-at-all"))
        with pytest.raises(GateBroken, match="Function is not defined"):
            await spectral.judge(writing.app.builder.contract)
    assert process.returncode is not None


async def test_without_spectral_the_contract_is_live_all_the_same(write, project, monkeypatch):
    monkeypatch.setattr(tools, "SPECTRAL", project / "nothing")
    async with write(Spectral(project / ".spectral.yml", project)) as writing:
        await writing.until_said("run scripts/setup-tools")
        assert (await writing.get("/things")).status_code == 200


async def ask(app, method: str, path: str) -> tuple[int, bytes]:
    """Status and body."""
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    messages: list[dict] = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    await app({**scope, "headers": [], "client": ("127.0.0.1", 1)}, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages)


class Stream:
    """The events of /dev/changes."""

    def __init__(self, app) -> None:
        self.events: asyncio.Queue[dict] = asyncio.Queue()
        self.task = asyncio.create_task(app(scope_of_stream(), self.receive, self.send))

    async def receive(self):
        await asyncio.Event().wait()

    async def send(self, message):
        piece = message.get("body", b"")
        if piece.startswith(b"data: "):
            self.events.put_nowait(orjson.loads(piece.removeprefix(b"data: ")))

    async def next(self) -> dict:
        return await asyncio.wait_for(self.events.get(), PATIENCE)


def scope_of_stream() -> dict:
    return {"type": "http", "method": "GET", "path": "/dev/changes", "query_string": b"", "headers": []}
