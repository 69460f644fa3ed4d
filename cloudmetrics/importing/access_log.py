r"""Web server access logs (Apache and nginx, common or combined format) as events.

    192.0.2.7 - ada [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 512 "https://t.example/" "curl/8"

Every line that can be read is one `pageview`, whatever its method, status or
path: images, redirects and robots count too, so that the numbers are those of
the file. `method`, `status` and `bytes` are kept as properties, for whoever wants
to count less. A visitor is an address with a user agent. In a log whose times are
in the website's time zone, pageviews and visitors per day are therefore

    awk '{print substr($4, 2, 11)}' access.log | sort | uniq -c
    awk -F'"' '{split($1, a, " "); print substr(a[4], 2, 11), a[1], $6}' access.log | sort -u |
        cut -d' ' -f1 | uniq -c

(the second for user agents without a quote in them).

- `id`: a hash of the website, the line and its number among equal lines. So a
  file that is imported twice is stored once, and two equal lines of one file stay
  two events. Lines are remembered for the last 31 days of the log.
- `visitor_id`: a hash of the website, the address and the user agent; the address
  itself is not sent. This is a pseudonym: who knows the website's id and has much
  computing time can try all addresses, unless a secret salt is given (`SALT=`). It
  goes into `id` too: the same file under another salt is imported anew.
- `url`: the website's domain with the request's path and query, or the request's
  own absolute address; none where the request was no HTTP.
- `source`: the referrer's host without `www.`, none where it is the website's own.
- `user_agent`: as it is in the log; the server reads device, browser and system off it.

A user agent that is cut off by the line's end, or fields after it, do no harm.
What else does not follow the format is reported as broken with its line number.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from cloudmetrics.importing.lines import Occurrences, read_lines
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import Event

LONGEST_LINE = 64 * 1024
LONGEST_URL = 2_048
LONGEST_SOURCE = 200
LONGEST_AGENT = 1_024

# The third field may hold blanks (a user's name), but only where the second is
# empty as usual: else a log with the virtual host in front would pass as well.
LINE = re.compile(
    r"""(?P<address>\S+)\ (?:\S+\ \S+|-\ .{1,256}?)\ \[(?P<time>[^]]{26})\]
        \ "(?P<request>(?:[^"\\]|\\.)*)"
        \ (?P<status>\d{3})\ (?P<bytes>\d{1,15}|-)
        (?:\ "(?P<referrer>(?:[^"\\]|\\.)*)"\ "(?P<agent>(?:[^"\\]|\\.)*)(?:"(?:\ .*)?)?)?""",
    re.VERBOSE | re.ASCII,
)
TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)", re.ASCII)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "b": "\b", "f": "\f"}
METHOD = re.compile(r"[A-Z]{1,32}")
HOST = re.compile(r"[A-Za-z0-9._-]+(?::\d{1,5})?", re.ASCII)
BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
CUT_PERCENT = re.compile(r"%[0-9A-Fa-f]?$")


class NotALogLine(ValueError):
    """A line that does not follow the format; the message says where it departs from it."""


@dataclass(frozen=True)
class Site:
    """The website that a log belongs to; `salt` is the optional secret for its visitors' ids."""

    website_id: str
    domain: str
    salt: str = ""


class AccessLog:
    """Turns the lines of one log into events, in the order of the file.

    `ends_in_quotes` says that some line ended as the combined format does.
    """

    def __init__(self, site: Site) -> None:
        self.ends_in_quotes = False
        self._site = site
        self._occurrences = Occurrences()

    def event(self, raw: bytes) -> dict[str, Any]:
        """The event of one line, given without its line break. Raises NotALogLine."""
        line = raw.decode("utf-8", "replace")
        match = LINE.fullmatch(line)
        if match is None:
            raise NotALogLine("not in the common or combined format" if line else "an empty line")
        timestamp = parse_time(match["time"])
        self.ends_in_quotes = self.ends_in_quotes or line.endswith('"')
        method, _, rest = match["request"].partition(" ")
        target = rest.rpartition(" ")[0] if " HTTP/" in rest else rest
        properties: dict[str, Any] = {
            "status": int(match["status"]),
            "bytes": 0 if match["bytes"] == "-" else int(match["bytes"]),
        }
        if METHOD.fullmatch(method):
            properties["method"] = method
        event = {
            "id": self._event_id(raw, match["time"][:11]),
            "name": "pageview",
            "timestamp": timestamp.isoformat(),
            "website_id": self._site.website_id,
            "visitor_id": self._hash("visitor", match["address"], match["agent"] or "-"),
            "properties": properties,
        }
        referrer = absolute_url(match["referrer"] or "")
        optional = {
            "url": self._page_url(target),
            "referrer": referrer,
            "source": self._source(referrer),
            "user_agent": user_agent(match["agent"] or ""),
        }
        return event | {name: value for name, value in optional.items() if value}

    def _event_id(self, raw: bytes, day: str) -> str:
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        return self._hash("event", digest.hex(), str(self._occurrences.number(day, digest)))

    def _hash(self, *parts: str) -> str:
        text = "\0".join((self._site.website_id, self._site.salt, *parts))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _page_url(self, target: str) -> str | None:
        if target.startswith("/"):
            return _clip(f"https://{self._site.domain}{_quote(target)}")
        return absolute_url(target)

    def _source(self, referrer: str | None) -> str | None:
        if referrer is None:
            return None
        try:
            host = (urlsplit(referrer).hostname or "").removeprefix("www.")
        except ValueError:
            return None
        return host[:LONGEST_SOURCE] if host != self._site.domain.lower().removeprefix("www.") else None


def read_log(file: BinaryIO, site: Site, result: ImportResult) -> Iterator[tuple[int, Event]]:
    """The events of a log with the numbers of their lines."""
    log = AccessLog(site)
    for raw in read_lines(file, LONGEST_LINE):
        result.lines += 1
        line = raw.rstrip(b"\r\n")
        try:
            _refuse_parts(raw, line, log)
            yield result.lines, log.event(line)
        except NotALogLine as error:
            result.report_broken(result.lines, str(error))


def _refuse_parts(raw: bytes, line: bytes, log: AccessLog) -> None:
    """A part of a line would become an event of its own beside that of the whole line."""
    if raw.endswith(b"\n"):
        return
    if len(raw) == LONGEST_LINE:
        raise NotALogLine(f"longer than {LONGEST_LINE} bytes")
    if log.ends_in_quotes and not line.endswith(b'"'):
        raise NotALogLine("the last line is not finished")


def parse_time(text: str) -> datetime:
    """`17/May/2015:10:05:03 +0200` in UTC. Raises NotALogLine for a time that does not exist."""
    match = TIME.fullmatch(text)
    if match is None or match[2] not in MONTHS:
        raise NotALogLine(f"{text} is not a time")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        local = datetime(
            int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotALogLine(f"{text} is not a time") from error


def absolute_url(text: str) -> str | None:
    """The text as a web address of at most LONGEST_URL characters, or None if it is not one."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in ("http", "https") or not rest:
        return None
    host, slash, path = rest.partition("/")
    if not HOST.fullmatch(host):
        return None
    return _clip(f"{scheme.lower()}://{host}{_quote(slash + path)}")


def user_agent(text: str) -> str | None:
    """What the log says of the user agent, as far as it can be sent; a lone dash says nothing."""
    printable = "".join(filter(str.isprintable, text))[:LONGEST_AGENT]
    return None if printable == "-" else printable


def _quote(text: str) -> str:
    """Undoes the servers' escapes and percent-encodes what has no place in a URL."""
    return quote(ESCAPE.sub(_unescape, BAD_PERCENT.sub("%25", text)), safe="/?:@!$&'()*+,;=-._~%")


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return f"%{code[1:].upper()}" if len(code) == 3 else ESCAPED.get(code, code)


def _clip(url: str) -> str:
    return url if len(url) <= LONGEST_URL else CUT_PERCENT.sub("", url[:LONGEST_URL])
