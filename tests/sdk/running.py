"""Runners: programs that do with an SDK what a case says, each told by lines of JSON."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from cloudmetrics.gates import tools
from tests.sdk import golang, judging
from tests.sdk.server import Server
from tests.sdk.suite import DEFAULT_CLIENT, ROOT, Case, filled, pointed

PATIENCE = 20.0
PYTHON = [sys.executable, "-m", "tests.sdk.runners.python"]
PYTHON_SDK = ROOT / "generated_sdks/python"
JAVASCRIPT = ROOT / "generated_sdks/javascript"
NODE = str(tools.node_program())


@cache
def javascript_runner() -> Sequence[str]:
    """The command, once what it runs and is not committed is built. Raises CalledProcessError."""
    subprocess.run([ROOT / "scripts/setup-tools"], check=True)
    subprocess.run([NODE, str(JAVASCRIPT / "build.mjs")], check=True)
    return [NODE, str(ROOT / "tests/sdk/runners/javascript.mjs")]


# Language → what gives its command, which may have to be built first.
RUNNERS: dict[str, Callable[[], Sequence[str]]] = {
    "python": lambda: PYTHON,
    "python-async": lambda: [*PYTHON, "--async"],
    "javascript": javascript_runner,
    "go": lambda: [golang.runner()],
}


class Runner:
    """A runner's process. What it writes to its error stream is shown as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._number = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._told.put(json.loads(line))
        self._told.put({"crashed": "the runner ended"})

    def end(self) -> None:
        """Ends the process, as the end of its input tells it to."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._listener.join()

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What the runner tells of a message."""
        self._number += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": self._number, **message}) + "\n")
            self._process.stdin.flush()
            while True:
                told = self._told.get(timeout=PATIENCE)
                # An answer to a question that nobody waits for any more is passed over.
                if told.get("id") in (self._number, None):
                    return told
        except queue.Empty:
            # What it would still say belongs to no question any more.
            self._process.kill()
            return {"crashed": f"the runner said nothing for {PATIENCE:g} s"}
        except OSError:
            return {"crashed": "the runner has ended"}


@contextmanager
def running(language: str, python: Path = PYTHON_SDK) -> Iterator[Runner]:
    """The runner of a language, for the time of the block; `python` is where the Python SDK lies."""
    environ = {**os.environ, "NO_PROXY": "*", "PYTHONPATH": f"{ROOT}:{python}"}
    environ.pop("CLOUDMETRICS_API_KEY", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(RUNNERS[language](), **pipes, text=True, cwd=ROOT, env=environ) as process:
        runner = Runner(process)
        try:
            yield runner
        finally:
            runner.end()


def wrong(case: Case, runner: Runner, server: Server, name: str) -> list[str]:
    """What is wrong with an SDK, by a case; `name` is unique to this run of it."""
    address = server.play(name, case.server)
    client = {"name": name, **case.client}
    client["base_url"] = address + client.pop("path", "")
    sentences = _steps(case, runner, client)
    return [*sentences, *judging.wire(case, server.seen(name))]


def wrong_live(case: Case, runner: Runner, url: str, key: str, name: str) -> list[str]:
    """What is wrong with an SDK, by a case that asks a real server."""
    client = {**case.client, "name": name, "base_url": url}
    if client["api_key"] == DEFAULT_CLIENT["api_key"]:
        client["api_key"] = key
    return _steps(case, runner, client)


def other(client: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """The client of a step, which is another one where the step names other credentials."""
    if "as" not in step:
        return client
    name = f"{client['name']} as {step['as']}"
    return {key: value for key, value in client.items() if key != "api_key"} | step["as"] | {"name": name}


def _steps(case: Case, runner: Runner, client: dict[str, Any]) -> list[str]:
    saved: dict[str, Any] = {"name": client["name"]}
    sentences = []
    for number, written in enumerate(case.steps):
        step = filled(written, saved)
        message = {key: step[key] for key in ("call", "with", "take") if key in step}
        told = runner.ask({"client": other(client, step), "do": step.get("do", "call"), **message})
        before = f"step {number + 1}: " if len(case.steps) > 1 else ""
        sentences += [before + each for each in judging.outcome(step, told)]
        if sentences:
            break
        for variable, pointer in step.get("save", {}).items():
            saved[variable] = pointed(told["gives"], pointer)
    runner.ask({"client": client, "do": "close"})
    return sentences
