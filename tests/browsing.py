"""Pages in a real browser."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Work = Callable[[Page], None]


class Chromium:
    """A browser, in the one thread in which it may be asked, so that no event loop is in its way."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._playwright = self._run(sync_playwright().start)
        launch = partial(self._playwright.chromium.launch, executable_path=CHROMIUM, args=ARGUMENTS)
        self._browser = self._run(launch)

    def visit(self, work: Work, *, forbidden: bool = False, **options: object) -> None:
        """Runs `work` with a page of somebody who was never here.

        Fails where a page's policy forbids something, unless that is expected, and where a script fails.
        """
        told = self._run(partial(self._visit, work, **options))
        assert forbidden or told == []

    def close(self) -> None:
        self._run(self._browser.close)
        self._run(self._playwright.stop)
        self._thread.shutdown()

    def _visit(self, work: Work, **options: object) -> list[str]:
        """What the browser said about policies and failing scripts."""
        told: list[str] = []
        with self._browser.new_context(**options) as context:
            page = context.new_page()
            page.set_default_timeout(1000 * PATIENCE)
            page.on("console", lambda said: told.append(said.text) if "Policy" in said.text else None)
            page.on("pageerror", lambda error: told.append(str(error)))
            work(page)
        return told

    def _run(self, work: Callable[[], Any]) -> Any:
        return self._thread.submit(work).result()
