"""Sending events to a server that misbehaves, and what an import makes of it."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cloudmetrics.importing import SendFailed, import_events, import_log
from cloudmetrics.importing.access_log import LONGEST_LINE
from cloudmetrics.importing.command import run
from cloudmetrics.importing.sending import Tally, encode_batches, send_batches

LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /{} HTTP/1.1" 200 512 "-" "Browser"\n'


@dataclass
class Server:
    """A real HTTP server that first gives the `answers` in the list, then receipts."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes] | None] = field(default_factory=list)
    rejection: str | None = None
    ids: list[str] = field(default_factory=list)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        """None stands for a connection that is cut."""
        with self.lock:
            self.requests += 1
            if self.answers:
                return self.answers.pop(0)
            ids = [event["id"] for event in json.loads(body)["events"]]
            fresh = len(set(ids) - set(self.ids))
            self.ids += ids
            if self.rejection:
                receipts = [{"id": each, "status": "REJECTED", "code": self.rejection} for each in ids]
                counts = {"accepted": 0, "duplicates": 0, "rejected": len(ids)}
            else:
                receipts = [{"id": each, "status": "ACCEPTED", "code": None} for each in ids]
                counts = {"accepted": fresh, "duplicates": len(ids) - fresh, "rejected": 0}
            return 200, {}, json.dumps({"data": counts | {"receipts": receipts}}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = state.answer(self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    yield state
    listener.shutdown()
    thread.join()
    listener.server_close()


def send(server: Server, count: int = 10, size: int = 2, **options: Any) -> Tally:
    total = Tally()
    batches = encode_batches(enumerate({"id": str(number)} for number in range(count)), size)
    for tally in send_batches(batches, server.url, "cm_test_key", **options):
        total.add(tally)
    return total


def test_each_event_arrives_once(server: Server) -> None:
    tally = send(server, count=25, size=10)

    assert (tally.accepted, tally.duplicates, tally.rejected) == (25, 0, 0)
    assert sorted(server.ids, key=int) == [str(number) for number in range(25)]
    assert server.requests == 3


def test_nothing_to_send_is_no_request(server: Server) -> None:
    assert send(server, count=0).events == 0
    assert server.requests == 0


def test_a_lost_connection_and_an_overloaded_server_are_tried_again(server: Server) -> None:
    server.answers = [None, (503, {}, b""), (429, {"Retry-After": "1"}, b""), None]

    assert send(server).accepted == 10
    assert server.requests == 5 + 4


def test_patience_ends(server: Server) -> None:
    server.answers = [(503, {}, b"")] * 50

    with pytest.raises(SendFailed, match=r"answered 503 to /v1/events: Service Unavailable"):
        send(server, patience=0.5)


def test_a_server_that_is_not_there_is_one_clear_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"

        with pytest.raises(SendFailed, match=rf"^{address} gave no answer .*: is it running\?$"):
            list(send_batches([[(1, b"{}")]], address, "cm_test_key", patience=0))


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b"{}", "does not know this API key"),
        (403, b'{"title": "Forbidden", "detail": "Needs events:write."}', "403 .* Needs events:write"),
        (
            400,
            b'{"title": "No", "detail": "No.", "errors": [{"pointer": "/odd", "message": "Odd"}]}',
            "First: /odd: Odd",
        ),
        (404, b"<html>", "404 .*Not Found"),
        (200, b"<html>", "not as CloudMetrics does"),
        (200, b"{}", "not as CloudMetrics does"),
    ],
)
def test_a_refusal_is_final_and_says_why(server: Server, status: int, body: bytes, message: str) -> None:
    server.answers = [(status, {}, body)]

    with pytest.raises(SendFailed, match=message):
        send(server, count=1)
    assert server.requests == 1


def unfit(*indexes: int) -> tuple[int, dict[str, str], bytes]:
    errors = [{"pointer": f"/events/{index}/name", "message": "Too long."} for index in indexes]
    return 400, {}, json.dumps({"title": "No", "detail": "No.", "errors": errors}).encode()


def test_events_that_do_not_fit_are_told_by_their_lines_and_the_others_are_sent(server: Server) -> None:
    server.answers = [unfit(1, 3), unfit(0)]
    batches = encode_batches((number, {"id": str(number)}) for number in range(100, 105))

    (tally,) = send_batches(batches, server.url, "cm_test_key")

    assert sorted((line.number, line.reason) for line in tally.unfit) == [
        (100, "name: Too long."),
        (101, "name: Too long."),
        (103, "name: Too long."),
    ]
    assert server.ids == ["102", "104"]
    assert (tally.accepted, tally.events) == (2, 5)


def test_a_batch_of_which_nothing_fits_is_sent_no_more(server: Server) -> None:
    server.answers = [unfit(0, 1)]

    (tally,) = send_batches(encode_batches(enumerate([{"id": "1"}, {"id": "2"}])), server.url, "cm_test_key")

    assert (len(tally.unfit), server.requests) == (2, 1)


def test_large_events_make_small_batches() -> None:
    events = [{"id": str(number), "text": "x" * 1_000_000} for number in range(10)]

    batches = list(encode_batches(enumerate(events)))

    assert [len(batch) for batch in batches] == [4, 4, 2]


def test_a_file_of_another_kind_is_given_up_early(server: Server, tmp_path: Path) -> None:
    server.answers = [unfit(*range(first, first + 1_000)) for first in [0] * 20]
    path = tmp_path / "events.ndjson"
    path.write_text('{"a": 1}\n' * 20_000)

    with pytest.raises(SendFailed, match=r"Line \d*1, for one: name: Too long\."):
        import_events(path, server.url, "cm_test_key", "website")
    assert server.requests < 10


@pytest.mark.parametrize("key", ["", "ключ", "a\nb"])
def test_what_cannot_be_a_key_is_not_sent(server: Server, key: str) -> None:
    with pytest.raises(SendFailed, match="API key"):
        list(send_batches([[(1, b"{}")]], server.url, key))
    assert server.requests == 0


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://x", "", "http://", "http://x:y"])
def test_what_cannot_be_an_address_is_refused(address: str) -> None:
    with pytest.raises(SendFailed, match="not an address"):
        list(send_batches([[(1, b"{}")]], address, "cm_test_key"))


def import_text(server: Server, path: Path, text: str | bytes, **options: Any) -> Any:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_log(path, server.url, "cm_test_key", "website", domain="shop.example", **options)


def test_an_import_twice_stores_each_line_once_also_from_gzip(server: Server, tmp_path: Path) -> None:
    text = "".join(LINE.format(number % 2_000) for number in range(2_500))

    first = import_text(server, tmp_path / "access.log", text)
    second = import_text(server, tmp_path / "misnamed.log", gzip.compress(text.encode()))

    assert (first.lines, first.accepted, first.duplicates, first.broken) == (2_500, 2_500, 0, 0)
    assert (second.lines, second.accepted, second.duplicates, second.broken) == (2_500, 0, 2_500, 0)


def test_broken_lines_are_counted_and_the_first_are_shown(server: Server, tmp_path: Path) -> None:
    noise = ["", "x" * (LONGEST_LINE + 5), "hello", LINE.format("a").replace("May", "Mai").rstrip()]
    text = "\n".join([*noise, "1", "2", "3", LINE.format("b")])

    result = import_text(server, tmp_path / "access.log", text)

    assert (result.lines, result.accepted, result.broken) == (8, 1, 7)
    assert [(line.number, line.reason) for line in result.first_broken] == [
        (1, "an empty line"),
        (2, "longer than 65536 bytes"),
        (3, "not in the common or combined format"),
        (4, "17/Mai/2015:10:05:03 +0000 is not a time"),
        (5, "not in the common or combined format"),
    ]


@pytest.mark.parametrize(("cut", "accepted"), [(1, 2), (4, 1), (11, 1)])
def test_a_line_that_is_still_being_written_waits_for_the_next_import(
    server: Server, tmp_path: Path, cut: int, accepted: int
) -> None:
    text = LINE.format("a") + LINE.format("b")

    assert import_text(server, tmp_path / "access.log", text[:-cut]).accepted == accepted
    assert import_text(server, tmp_path / "access.log", text).accepted == 2 - accepted


def test_an_empty_file_is_an_import_of_nothing(server: Server, tmp_path: Path) -> None:
    assert import_text(server, tmp_path / "access.log", "").lines == 0
    assert server.requests == 0


def test_damaged_gzip_is_imported_up_to_the_damage(server: Server, tmp_path: Path) -> None:
    packed = gzip.compress("".join(LINE.format(f"{number:x}" * 9) for number in range(5_000)).encode())

    result = import_text(server, tmp_path / "access.log.gz", packed[: len(packed) // 2])

    assert result.damage is not None
    assert f"after line {result.lines}" in result.damage
    assert 0 < result.accepted == result.lines < 5_000


def test_an_unknown_website_ends_the_import_at_once(server: Server, tmp_path: Path) -> None:
    server.rejection = "UNKNOWN_WEBSITE"

    with pytest.raises(SendFailed, match="no website website"):
        import_text(server, tmp_path / "access.log", LINE * 20_000)
    assert server.requests < 10


def test_other_rejections_are_counted_by_code(server: Server, tmp_path: Path) -> None:
    server.rejection = "TIMESTAMP_IN_FUTURE"

    result = import_text(server, tmp_path / "access.log", LINE * 3)

    assert (result.rejected, dict(result.codes)) == (3, {"TIMESTAMP_IN_FUTURE": 3})


def test_progress_counts_the_bytes_of_the_file_up_to_its_end(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    packed = gzip.compress("".join(LINE.format(number) for number in range(9_000)).encode())

    import_text(server, tmp_path / "access.log", packed, progress=lambda *step: seen.append(step))

    assert seen == sorted(seen)
    assert len(seen) == 9
    assert seen[-1] == (len(packed), len(packed))


@pytest.mark.parametrize("missing", ["nothing.log", "."])
def test_a_file_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("log", str(tmp_path / missing), "shop", "", base_url="http://127.0.0.1:9", data_dir=tmp_path)

    assert code == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot be read" in error
