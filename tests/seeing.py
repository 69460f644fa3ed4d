"""What the tests see of each operation: its statuses, and the codes of its problems.

tests/coverage.yaml lists it. Every run adds to what this checkout has seen; a run of
all tests is compared with the list at its end.
"""

from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from cloudmetrics.contract import ASGIApp, Receive, Scope, Send
from cloudmetrics.gates import coverage

ROOT = Path(__file__).parents[1]
PROBLEM = b"application/problem+json"

seen: defaultdict[str, set[str]] = defaultdict(set)


def watched(app: ASGIApp) -> ASGIApp:
    """The app, with a note of what each operation answers. Mocks are no answers of ours."""

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer()

        async def note(message: Scope) -> None:
            answer.note(message)
            await send(message)

        await app(scope, receive, note)
        operation = scope.get("contract.operation")
        if operation is not None and not answer.mocked:
            seen[operation.id].update(answer.told())

    return watching


class Answer:
    """One answer, as far as it is of interest here."""

    def __init__(self) -> None:
        self.status = 0
        self.mocked = False
        self.problem: bytearray | None = None

    def note(self, message: Scope) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message.get("headers", ()))
            self.status, self.mocked = message["status"], b"x-mock" in headers
            self.problem = bytearray() if headers.get(b"content-type") == PROBLEM else None
        elif self.problem is not None:
            self.problem += message.get("body", b"")

    def told(self) -> set[str]:
        code = orjson.loads(self.problem)["code"] if self.problem else ""
        return {f"{self.status}", *([f"{self.status} {code}"] if code else [])}


def is_whole(config: pytest.Config) -> bool:
    """Whether all tests are asked for."""
    option = config.getoption
    chosen = option("keyword"), option("markexpr"), option("deselect"), option("lf", False)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(chosen)


def judge(session: pytest.Session) -> list[str]:
    """Remembers what was seen, and what a run of all tests, if it went well, says of the list."""
    noted = {name: frozenset(answers) for name, answers in seen.items()}
    if noted:
        coverage.remember(ROOT, noted)
    if session.exitstatus != pytest.ExitCode.OK or not is_whole(session.config):
        return []
    return coverage.judged(ROOT, noted)
