"""Spectral in a process that stays up, so that its verdict on a saved contract takes no start."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import orjson

from cloudmetrics.contract import Contract, Finding
from cloudmetrics.gates import lint, tools
from cloudmetrics.gates.models import GateBroken

SCRIPT = tools.HOME / "scripts" / "node" / "spectral.cjs"
# One line of its answer: all findings on a contract.
LONGEST_ANSWER = 64 * 2**20
LOW_PRIORITY = 10


class Spectral:
    """Judges bundles by a ruleset, one after the other. `folder` is where they may be written."""

    def __init__(self, rules: Path, folder: Path) -> None:
        self.rules = rules
        self.document = folder / "openapi.json"
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def judge(self, contract: Contract) -> list[Finding]:
        """Its findings, at the lines that somebody wrote. Raises GateBroken."""
        async with self._turn:
            self.document.write_bytes(orjson.dumps(contract.bundle))
            answer = await self._ask(str(self.document))
        if "broken" in answer:
            raise GateBroken(f"Spectral could not work by {self.rules.name}: {answer['broken']}")
        own = lint.own_rules(self.rules)
        findings = []
        for found in answer["found"]:
            cause, cure = lint.explain(found, own)
            where = contract.sources.where(found["path"])
            findings.append(Finding(where, f"{cause} [{found['code']}]", cure))
        return list(dict.fromkeys(findings))

    async def close(self) -> None:
        """Ends the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _ask(self, question: str) -> dict[str, list[dict[str, str]]]:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{question}\n".encode())
        line = await process.stdout.readline()
        if not line:
            self._process = None
            raise GateBroken("Spectral's process ended; it is started again at the next change")
        answer: dict[str, list[dict[str, str]]] = orjson.loads(line)
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            tools.installed(tools.SPECTRAL)
            self._process = await asyncio.create_subprocess_exec(
                str(tools.node_program()),
                str(SCRIPT),
                str(self.rules),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_ANSWER,
            )
            # Whoever saves meanwhile goes first.
            os.setpriority(os.PRIO_PROCESS, self._process.pid, LOW_PRIORITY)
        return self._process
