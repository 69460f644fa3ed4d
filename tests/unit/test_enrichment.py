"""What is read off URLs, referrers and user agents; and what hostile ones cost."""

import time

import pytest

from cloudmetrics.analytics.enrichment.origins import Campaign, read_campaign, read_referrer
from cloudmetrics.analytics.enrichment.user_agents import UNKNOWN, Client, read_header, read_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.5 Mobile/15E148 Safari/604.1": Client("mobile", "Mobile Safari", "iOS"),
    "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/16.5 Mobile/15E148 Safari/604.1": Client("tablet", "Mobile Safari", "iOS"),
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36": Client(
        "mobile", "Chrome Mobile", "Android"
    ),
    f"Mozilla/5.0 (Linux; Android 14; SM-X910) {WEBKIT} Chrome/126.0.0.0 Safari/537.36": Client(
        "tablet", "Chrome", "Android"
    ),
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36": Client(
        "desktop", "Chrome", "Windows"
    ),
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0": Client(
        "desktop", "Firefox", "Ubuntu"
    ),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": Client(
        "bot", "Googlebot", None
    ),
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36": Client(
        "bot", "HeadlessChrome", "Linux"
    ),
    "curl/8.5.0": Client(None, "curl", None),
    "": UNKNOWN,
    "no browser at all": UNKNOWN,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_user_agent_tells_device_browser_and_system(agent):
    assert read_user_agent(agent) == AGENTS[agent]


def test_only_a_browsers_own_header_tells_of_the_visitor():
    assert read_header("python-requests/2.32") == UNKNOWN
    assert read_header(next(iter(AGENTS))).system == "iOS"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Mozilla/5.0 (" * 10_000,
            "Android " * 50_000,
            "a" * 1_000_000,
            "(" * 100_000,
            "Mozilla/5.0 (\x00)",
        ),
        *("\ud800" * 100, "Mozilla/5.0 " + "; " * 50_000, "\n" * 1000, "Firefox/" + "9." * 50_000),
    ],
    ids=range(9),
)
def test_hostile_texts_cost_little_and_break_nothing(text):
    began = time.process_time()
    client = read_user_agent(text)
    url = f"https://shop.example/?utm_source={text}&utm_campaign={text}"
    read_referrer(url, text)
    read_referrer(f"https://{text}", text)
    for value in (*client, *read_campaign(url)):
        assert value is None or (0 < len(value) <= 200 and "\x00" not in value)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("url", "campaign"),
    [
        ("https://a.example/?utm_source=news&utm_medium=email&utm_campaign=a+b", ("news", "email", "a b")),
        ("/?utm_source=%C3%A4&x=1#utm_medium=no", ("ä", None, None)),
        ("/?utm_source=one&utm_source=two", ("one", None, None)),
        ("/?utm_source=&utm_medium=%20", (None, None, None)),
        ("/utm_source=path", (None, None, None)),
        ("/?" + "a=1&" * 200 + "utm_source=late", (None, None, None)),
        ("/?utm_source=%00a%00&utm_medium=" + "m" * 99, ("a", "m" * 50, None)),
        ("/?utm_campaign=%ff", (None, None, "\ufffd")),
    ],
)
def test_a_url_names_its_campaign(url, campaign):
    assert read_campaign(url) == Campaign(*campaign)


@pytest.mark.parametrize(
    ("referrer", "source"),
    [
        ("https://www.google.com/", "google.com"),
        ("https://user:secret@News.Example:8443/a?b#c", "news.example"),
        ("android-app://com.reddit.frontpage/", "com.reddit.frontpage"),
        ("https://shop.example/other", None),
        ("https://www.SHOP.example./other", None),
        ("https://[::1]:80/", "[::1]:80"),
        *((text, None) for text in ("", "about:blank", "https://", "//google.com/", "javascript://x")),
    ],
)
def test_a_referrer_is_a_source_unless_it_is_the_website(referrer, source):
    assert read_referrer(referrer, "https://shop.example/page") == source
