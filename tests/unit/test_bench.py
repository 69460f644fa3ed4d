"""The benchmarks compare what is comparable: equal answers, and whole ones."""

import importlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from rich.console import Console

from bench.engine import PEERS, UNVALIDATED
from bench.load import LoadFailed, Sample, is_whole, measure, request_bytes
from bench.peers.data import GET_PATH, POST_BODY, POST_PATH, SMALL_GET_PATH, goal_list
from bench.report import Figure, against_bar
from bench.rounds import Turns, times_as_fast


def client_of(name: str) -> httpx.AsyncClient:
    app = importlib.import_module(PEERS[name].partition(":")[0]).app
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.filterwarnings("ignore")
async def test_all_peers_give_the_same_answers(name: str) -> None:
    async with client_of(name) as client:
        goals, few = await client.get(GET_PATH), await client.get(SMALL_GET_PATH)
        receipts = await client.post(
            POST_PATH, content=POST_BODY, headers={"Content-Type": "application/json"}
        )
        refused = await client.get(f"{GET_PATH}&limit=0")

    assert (goals.status_code, goals.json()) == (200, goal_list(100))
    assert (few.status_code, few.json()) == (200, goal_list(10))
    assert receipts.json()["accepted"] == 100
    assert len(receipts.json()["receipts"]) == 100
    assert (refused.status_code == 200) == (name in UNVALIDATED)


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX: y\r\n\r\nab", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
    ],
)
def test_an_answer_counts_only_when_it_is_whole(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        Answering.count += 1
        self.send_response(200 if self.path == "/good" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_load_counts_what_the_server_answered_and_takes_nothing_but_200() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        sample = measure(server.server_port, request_bytes("/good"), 0.3, connections=3)
        answered = Answering.count
        with pytest.raises(LoadFailed, match="404"):
            measure(server.server_port, request_bytes("/bad"), 0.3, connections=3)
        begun = time.perf_counter()
        few = measure(server.server_port, iter([request_bytes("/good")] * 7), 30, connections=3)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert sample.requests == answered > 3
    assert few.requests == 7
    assert time.perf_counter() - begun < 20
    assert 0 < sample.p50 <= sample.p95 <= sample.p99
    assert sample.rate <= sample.requests / 0.3


def test_a_ratio_is_taken_within_rounds() -> None:
    ours, theirs = (
        Turns([Sample(1, rate, 1, 1, 1, 0) for rate in rates], [])
        for rates in ((100.0, 50.0, 90.0), (50.0, 20.0, 45.0))
    )

    assert times_as_fast(ours, theirs) == 2.0
    assert ours.median("rate") == 90.0


def test_a_missed_bar_is_seen_in_the_table() -> None:
    figure = Figure("Speed", ["", "ratio", "bar"], [["peer", "3.90", against_bar(3.9, 4)]], ["A note."])

    assert figure.markdown().splitlines() == [
        "### Speed",
        "",
        "|  | ratio | bar |",
        "| --- | ---: | ---: |",
        "| peer | 3.90 | ≥ 4 ✗ |",
        "",
        "A note.",
    ]
    assert against_bar(4, 4) == "≥ 4 ✓"
    assert against_bar(5.1, 5, at_least=False) == "≤ 5 ✗"


WIDE = Figure(
    "POST /v1/events onto 10,000,000 events, one worker, committed and counted, each once and for good",
    ["", "events/s", "bar", "p50 ms", "p99 ms", "bar", "CPU µs/event", "memory MB", "plain INSERT", "ours ×"],
    [
        [
            "batches of 1,000 events, 16 connections",
            *("31,402", "≥ 20000 ✓", "412.3", "1,120.7", "≤ 1500 ✓", "31.2", "160 to 190", "2,304", "13.63"),
        ]
    ],
)
NARROW = Figure(
    "A page of 100",
    ["list", "first p50 ms", "first p95 ms", "last p50 ms", "last p95 ms", "bar"],
    [["events of a website, newest first", "3.1", "4.0", "3.2", "4.1", "≤ 10 ✓"]],
)


@pytest.mark.parametrize("figure", [WIDE, NARROW])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_shows_every_figure_and_heading_whole(figure: Figure, width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    figure.show(console)
    shown = console.file.getvalue()

    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    words = {word for heading in figure.columns for word in heading.split()}
    assert words | set(" ".join(figure.rows[0]).split()) <= set(shown.split())
    assert all(cell in shown for cell in figure.rows[0][1:])
