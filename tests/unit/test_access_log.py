"""Lines of access logs as events."""

import gzip
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.importing.access_log import (
    LONGEST_LINE,
    AccessLog,
    NotALogLine,
    Site,
)
from cloudmetrics.importing.lines import REMEMBERED_DAYS, read_lines

SITE = Site("0198a000-0000-7000-8000-000000000001", "shop.example")
PLAIN = (
    '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 512'
    ' "https://search.example/?q=1" "Browser/5.0 (X; rv:1)"'
)


def event_of(line: str | bytes, site: Site = SITE) -> dict[str, Any]:
    return AccessLog(site).event(line.encode() if isinstance(line, str) else line)


def test_a_combined_line_is_one_pageview() -> None:
    event = event_of(PLAIN)

    assert len(event.pop("id")) == 32
    assert len(event.pop("visitor_id")) == 32
    assert event == {
        "name": "pageview",
        "timestamp": "2015-05-17T10:05:03+00:00",
        "website_id": SITE.website_id,
        "url": "https://shop.example/a?b=c",
        "referrer": "https://search.example/?q=1",
        "source": "search.example",
        "user_agent": "Browser/5.0 (X; rv:1)",
        "properties": {"method": "GET", "status": 200, "bytes": 512},
    }


def test_a_common_line_has_neither_referrer_nor_source() -> None:
    event = event_of('2001:db8::7 - - [17/May/2015:10:05:03 +0000] "HEAD / HTTP/1.0" 304 -')

    assert event["url"] == "https://shop.example/"
    assert event["properties"] == {"method": "HEAD", "status": 304, "bytes": 0}
    assert not {"referrer", "source"} & set(event)


@pytest.mark.parametrize(
    ("time", "in_utc"),
    [
        ("17/May/2015:23:05:03 -0530", "2015-05-18T04:35:03+00:00"),
        ("01/Jan/2016:00:05:03 +0200", "2015-12-31T22:05:03+00:00"),
        ("29/Feb/2016:12:00:00 +0000", "2016-02-29T12:00:00+00:00"),
    ],
)
def test_times_are_taken_with_their_zone(time: str, in_utc: str) -> None:
    assert event_of(PLAIN.replace("17/May/2015:10:05:03 +0000", time))["timestamp"] == in_utc


@pytest.mark.parametrize(
    "time",
    [
        "30/Feb/2015:10:05:03 +0000",
        "17/Mai/2015:10:05:03 +0000",
        "17/May/2015:24:05:03 +0000",
        "17/May/2015:10:05:03 +9900",
        "01/Jan/0001:00:05:03 +0200",
        "17-May-2015 10:05:03 +0000",
    ],
)
def test_a_time_that_does_not_exist_breaks_the_line(time: str) -> None:
    with pytest.raises(NotALogLine, match="not a time"):
        event_of(PLAIN.replace("17/May/2015:10:05:03 +0000", time))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        PLAIN.replace('"GET', "GET"),
        PLAIN.replace(" 200 ", " OK "),
        PLAIN.replace("Browser/5.0 ", 'Browser"x '),
        PLAIN.partition('" "')[0],
        f"www.shop.example:443 {PLAIN}",
    ],
)
def test_what_does_not_follow_the_format_is_broken(line: str) -> None:
    with pytest.raises(NotALogLine):
        event_of(line)


@pytest.mark.parametrize(
    "line",
    [
        PLAIN[:-4],
        f'{PLAIN} "203.0.113.9"',
        PLAIN.replace("- - [", "- Ada Lovelace ["),
        PLAIN.replace("192.0.2.7", "host-7.example.net"),
        PLAIN.encode().replace(b"Browser", b"Br\xffw\x00ser"),
    ],
)
def test_what_is_unusual_but_clear_is_read(line: str | bytes) -> None:
    assert event_of(line)["url"] == "https://shop.example/a?b=c"


@pytest.mark.parametrize(
    ("request_line", "url"),
    [
        ("GET /", "https://shop.example/"),
        ("GET /a b HTTP/1.1", "https://shop.example/a%20b"),
        (r"GET /\"x\" HTTP/1.1", "https://shop.example/%22x%22"),
        (r"GET /\xC3\xa9\\ HTTP/1.1", "https://shop.example/%C3%A9%5C"),
        (r"GET /\x00 HTTP/1.1", "https://shop.example/%00"),
        ("GET /ü HTTP/1.1", "https://shop.example/%C3%BC"),
        ("GET /50%/a%20b HTTP/1.1", "https://shop.example/50%25/a%20b"),
        ("GET http://Other.example:81/x HTTP/1.1", "http://Other.example:81/x"),
        ("OPTIONS * HTTP/1.1", None),
        ("CONNECT shop.example:443 HTTP/1.1", None),
        ("-", None),
        (r"\x16\x03\x01", None),
        ("", None),
    ],
)
def test_urls_are_clean_whatever_was_asked_for(request_line: str, url: str | None) -> None:
    assert event_of(PLAIN.replace("GET /a?b=c HTTP/1.1", request_line)).get("url") == url


@pytest.mark.parametrize(
    ("referrer", "kept", "source"),
    [
        ("-", None, None),
        ("", None, None),
        ("https://www.Search.example/?q=a b", "https://www.Search.example/?q=a%20b", "search.example"),
        ("https://shop.example/before", "https://shop.example/before", None),
        ("http://www.shop.example:80/", "http://www.shop.example:80/", None),
        ("android-app://com.example/", None, None),
        ("https://", None, None),
        ("https://user:secret@search.example/", None, None),
        ("http://[half", None, None),
    ],
)
def test_the_source_is_the_host_of_a_foreign_referrer(
    referrer: str, kept: str | None, source: str | None
) -> None:
    event = event_of(PLAIN.replace("https://search.example/?q=1", referrer))

    assert (event.get("referrer"), event.get("source")) == (kept, source)


def test_long_values_are_clipped_to_what_the_contract_takes() -> None:
    long = PLAIN.replace("/a?b=c", "/" + "%C3%A9" * 1_000).replace("search.example", "x" * 60_000)
    event = event_of(long)

    assert len(event["url"]) <= 2_048
    assert event["url"].endswith(("%C3", "%A9"))
    assert len(event["referrer"]) <= 2_048
    assert len(event["source"]) <= 200


def test_the_address_is_not_sent_and_a_salt_changes_the_visitor() -> None:
    salted = Site(SITE.website_id, SITE.domain, salt="pepper")
    event = event_of(PLAIN)

    assert "192.0.2.7" not in str(event)
    assert event_of(PLAIN, salted)["visitor_id"] != event["visitor_id"]


def test_a_visitor_is_an_address_with_a_user_agent() -> None:
    visitor = event_of(PLAIN)["visitor_id"]

    assert event_of(PLAIN.replace("/a?b=c", "/other"))["visitor_id"] == visitor
    assert event_of(PLAIN.replace("192.0.2.7", "192.0.2.8"))["visitor_id"] != visitor
    assert event_of(PLAIN.replace("rv:1", "rv:2"))["visitor_id"] != visitor


def test_equal_lines_are_events_of_their_own_and_the_same_ones_each_time() -> None:
    first, second = AccessLog(SITE), AccessLog(SITE)
    lines = [PLAIN.encode(), PLAIN.replace("192", "193").encode(), PLAIN.encode()]

    ids = [first.event(line)["id"] for line in lines]

    assert len(set(ids)) == 3
    assert [second.event(line)["id"] for line in lines] == ids


def test_the_memory_for_equal_lines_reaches_back_a_month_and_no_further() -> None:
    log = AccessLog(SITE)
    days = [f"{day:02}/{month}/2015" for month in ("May", "Jul") for day in range(1, 32)]
    lines = [PLAIN.replace("17/May/2015", day).encode() for day in days[: REMEMBERED_DAYS + 1]]
    ids = [log.event(line)["id"] for line in lines]

    assert log.event(lines[1])["id"] != ids[1]
    assert log.event(lines[0])["id"] == ids[0]


def test_a_line_without_an_end_is_cut_and_the_next_one_is_whole() -> None:
    file = io.BytesIO(b"a" * (3 * LONGEST_LINE) + b"\nnext\nlast")

    assert [len(line) for line in read_lines(file, LONGEST_LINE)] == [LONGEST_LINE, 5, 4]


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(noise: bytes) -> None:
    line = PLAIN.encode().replace(b"/a?b=c", noise.replace(b"\n", b""))
    for candidate in (noise, line):
        try:
            event = event_of(candidate)
        except NotALogLine:
            continue
        assert "\0" not in str(event)
        str(event).encode()


def sample() -> Path:
    path = Path(__file__).parents[2].parent / "shared" / "data" / "apache_access.log.gz"
    if not path.exists():
        pytest.skip("the sample log is not beside this checkout")
    return path


def test_a_real_log_has_the_numbers_that_splitting_its_lines_counts() -> None:
    log, events = AccessLog(SITE), []
    pageviews: Counter[str] = Counter()
    visitors: dict[str, set[tuple[str, str]]] = {}
    with gzip.open(sample(), "rb") as file:
        for raw in file:
            events.append(log.event(raw.rstrip(b"\n")))
            text = raw.decode()
            day = text.split("[")[1].split(":")[0]
            pageviews[day] += 1
            visitors.setdefault(day, set()).add((text.split()[0], text.rstrip("\n").split('"')[5]))

    by_day: dict[str, set[str]] = {}
    for event in events:
        by_day.setdefault(event["timestamp"][8:10], set()).add(event["visitor_id"])
    assert Counter(event["timestamp"][8:10] for event in events) == {d[:2]: n for d, n in pageviews.items()}
    assert {d: len(v) for d, v in by_day.items()} == {d[:2]: len(v) for d, v in visitors.items()}
    assert len({event["id"] for event in events}) == len(events) == 10_000
