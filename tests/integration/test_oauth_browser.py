"""The pages in a real browser: without scripts, on a telephone, with the keyboard, in the dark."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.waiting import PATIENCE

from .live import PASSWORD, Live
from .oauth import challenge_of

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VERIFIER = "v" * 43


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


def address_for(live: Live, client: dict[str, str], **more: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client["id"],
        "redirect_uri": client["redirect_uris"][0],
        "state": "s",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"{live.url}/oauth/authorize?{urlencode(asked | more)}"


class Website:
    """The program's own website, to which browsers come back."""

    def __init__(self) -> None:
        arrived = self.arrived = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/callback"):
                    arrived.append(parse_qs(urlsplit(self.path).query))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(b"Welcome back.")

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def website() -> Iterator[Website]:
    opened = Website()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


def sign_in(page: Page, live: Live) -> None:
    page.get_by_label("E-mail address").fill(live.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def fits(page: Page) -> bool:
    """Whether nobody has to scroll sideways, once the style sheets are there."""
    page.wait_for_load_state("load")
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
        {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False},
    ],
    ids=["desktop", "telephone", "no-script"],
)
@pytest.mark.requirement("PL-3")
def test_a_person_signs_in_and_lets_a_program_in(chromium, live, website, options):
    name = "A program with a rather long name, as marketing likes them: Weekly Mailer 3000"
    client = live.register(name=name, redirect_uris=[f"{website.url}/callback"])

    def work(page: Page) -> None:
        page.goto(address_for(live, client))
        page.get_by_label("E-mail address").fill(live.email)
        page.get_by_label("Password").fill("something else")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        assert page.title().startswith("Error: ")
        sign_in(page, live)
        page.get_by_role("heading", name="Weekly Mailer").wait_for()
        assert page.get_by_label("Acme Ltd").is_checked()
        page.get_by_label("Acme Ltd").uncheck()
        page.get_by_role("button", name="Allow", exact=True).click()
        assert "Choose at least one workspace" in page.get_by_role("alert").inner_text()
        page.get_by_label("Acme Ltd").check()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.wait_for_url(f"{website.url}/**")
        (answer,) = website.arrived
        assert answer["state"] == ["s"]
        assert answer["iss"] == [live.url]
        assert answer["code"]
        page.goto(f"{live.url}/account")
        page.get_by_role("heading", name="Your account").wait_for()

    chromium.visit(work, **options)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_has_to_be_scrolled_sideways(chromium, live, width):
    client = live.register(name="W" * 100, scopes=["metrics:read", "team:admin", "visitors:full"])

    def work(page: Page) -> None:
        for path in ("/account/sign-in", "/account/forgotten", "/account/password?token=x"):
            page.goto(live.url + path)
            assert fits(page), path
        page.goto(address_for(live, client))
        assert fits(page)
        sign_in(page, live)
        page.get_by_role("button", name="Allow", exact=True).wait_for()
        assert fits(page)
        page.goto(f"{live.url}/account")
        assert fits(page)

    chromium.visit(work, viewport={"width": width, "height": 800})


def test_the_keyboard_is_enough(chromium, live, website):
    client = live.register(redirect_uris=[f"{website.url}/callback"])

    def work(page: Page) -> None:
        page.goto(address_for(live, client))
        # A browser gives the focus with its first frame, which may be later than the load.
        page.wait_for_function("document.activeElement.name === 'email'")
        page.keyboard.type(live.email)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Allow", exact=True).wait_for()
        page.wait_for_load_state("load")
        seen = []
        for _ in range(12):
            page.keyboard.press("Tab")
            name, outline = page.evaluate(
                "[document.activeElement.innerText || document.activeElement.name,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            assert outline != "none", name
            seen.append(name)
            if name == "Do not allow":
                break
        assert seen[0] == "Skip to the content"
        page.keyboard.press("Enter")
        page.wait_for_url(f"{website.url}/**")
        assert website.arrived[0]["error"] == ["access_denied"]

    chromium.visit(work)


CONTRASTS = """() => {
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const c = parse(getComputedStyle(node).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const node of document.querySelectorAll('body *')) {
    const text = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || !node.checkVisibility() || node.closest('.skip')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) weak.push([node.innerText.slice(0, 40), ratio.toFixed(2)]);
  }
  return weak;
}"""


def unreadable(page: Page) -> list[list[str]]:
    """Texts whose contrast with what is behind them is below 4.5, once the style sheets are there."""
    page.wait_for_load_state("load")
    return page.evaluate(CONTRASTS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(chromium, live, scheme):
    client = live.register(scopes=["metrics:read", "team:admin"])

    def work(page: Page) -> None:
        page.goto(f"{live.url}/account/sign-in")
        page.get_by_role("button", name="Sign in").wait_for()
        page.goto(address_for(live, client))
        page.get_by_label("E-mail address").fill(live.email)
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        assert unreadable(page) == []
        sign_in(page, live)
        page.get_by_role("button", name="Allow", exact=True).wait_for()
        assert unreadable(page) == []
        page.goto(f"{live.url}/account?done=password")
        for summary in page.locator("summary").all():
            summary.click()
        assert unreadable(page) == []

    chromium.visit(work, color_scheme=scheme)


def test_no_other_site_can_frame_a_page_or_send_its_form(chromium, live, website):
    client = live.register(redirect_uris=[f"{website.url}/callback"])
    target = address_for(live, client)

    def work(page: Page) -> None:
        page.goto(target)
        sign_in(page, live)
        page.get_by_role("button", name="Allow", exact=True).wait_for()
        attack = f"""<iframe src="{target}"></iframe>
          <form method="post" action="{target}"><input name="decision" value="allow"></form>"""
        page.route(
            "https://evil.example/**", lambda route: route.fulfill(body=attack, content_type="text/html")
        )
        page.goto("https://evil.example/")
        framed = page.frames[1]
        assert framed.locator("form").count() == 0
        page.evaluate("document.forms[0].submit()")
        page.wait_for_url(f"{live.url}/**")
        assert page.get_by_role("button", name="Allow", exact=True).count() == 0
        assert website.arrived == []

    chromium.visit(work, forbidden=True)


def test_a_second_step_is_set_up_with_a_picture_and_asked_for(chromium, live):
    def work(page: Page) -> None:
        page.goto(f"{live.url}/account/sign-in")
        sign_in(page, live)
        page.get_by_text("Turn it on").click()
        page.get_by_label("Present password").first.fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        picture = page.get_by_role("img", name="QR code")
        assert picture.bounding_box()["width"] > 150
        totp = pyotp.TOTP(page.locator(".key").inner_text())
        page.get_by_label("The code").fill(totp.now())
        page.get_by_role("button", name="Turn it on").click()
        page.get_by_role("link", name="I have kept them").wait_for()
        assert page.locator(".codes li").count() == 10
        recovery = page.locator(".codes code").first.inner_text()
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, live)
        page.get_by_label("Code").fill(recovery)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Your account").wait_for()
        page.get_by_text("Turn it off").first.click()
        page.get_by_label("Present password").first.fill(PASSWORD)
        page.get_by_label("Code of the app").first.fill(totp.at(totp_next(totp)))
        page.get_by_role("button", name="Turn it off").click()
        assert "The second step is off" in page.get_by_role("status").inner_text()

    chromium.visit(work)


def totp_next(totp: pyotp.TOTP) -> int:
    """A moment whose code was not used yet: the half minute after this one, which counts as well."""
    return int(time.time()) + totp.interval
