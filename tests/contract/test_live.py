"""The engine behind a real gunicorn, attacked over real sockets. After each attack the server goes on."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from tests.contract.gunicorn import APP, CONTRACT, HANDLERS, serving
from tests.waiting import PATIENCE, until

LIMIT = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application above, in files."""
    folder = tmp_path_factory.mktemp("live")
    files = {"spec/openapi.yaml": CONTRACT, "live_handlers/__init__.py": "", "live_app.py": APP}
    for name, text in {**files, "live_handlers/things.py": HANDLERS}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(dedent(text))
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of one gunicorn worker that serves the contract above."""
    with serving(folder) as (address, _):
        yield address


@pytest.fixture(autouse=True)
def _goes_on(address: tuple[str, int]) -> Iterator[None]:
    yield
    answer = httpx.post(f"http://{address[0]}:{address[1]}/things", json={"items": [1, 2]}, timeout=PATIENCE)
    assert answer.json() == {"items": 2}


def request_head(length: int | str, *headers: str) -> bytes:
    lines = ["POST /things HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def read_status(connection: socket.socket) -> int:
    """The status of the answer on a raw connection; 0 where it was closed without one."""
    received = b""
    while b"\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return 0
        received += piece
    return int(received.split(b" ", 2)[1])


def test_a_client_that_sends_too_much_gets_its_answer_while_it_is_sending(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request_head(10 * LIMIT))
        for _ in range(160):
            connection.sendall(b"a" * 65536)  # It writes all before it reads a word.
        assert read_status(connection) == 413


def test_a_chunked_body_is_counted_while_it_is_read(address: tuple[str, int]) -> None:
    head = request_head("x").replace(b"Content-Length: x", b"Transfer-Encoding: chunked")
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(head)
        for _ in range(40):
            connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert read_status(connection) == 413


def test_gzip_that_unpacks_to_a_gigabyte_is_refused_and_never_unpacked(address: tuple[str, int]) -> None:
    bomb = gzip.compress(b"0" * 2**28)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    url = f"http://{address[0]}:{address[1]}/things"
    answer = httpx.post(url, content=bomb * 4, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 413


def test_a_gzipped_body_within_the_limit_is_taken(address: tuple[str, int]) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    url = f"http://{address[0]}:{address[1]}/things"
    answer = httpx.post(url, content=gzip.compress(json.dumps({"items": [1]}).encode()), headers=headers)
    assert answer.json() == {"items": 1}


def test_slow_senders_by_the_hundred_are_timed_out_and_keep_nobody_waiting(address: tuple[str, int]) -> None:
    connections = [socket.create_connection(address, timeout=PATIENCE) for _ in range(300)]
    try:
        for connection in connections:
            connection.sendall(request_head(1000) + b'{"items"')
        answer = httpx.post(f"http://{address[0]}:{address[1]}/things", json={}, timeout=PATIENCE)
        assert answer.status_code == 200
        # By now not even the first of the slow ones has been given up.
        connections[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            connections[0].recv(1)
        connections[0].settimeout(PATIENCE)
        assert {read_status(connection) for connection in connections} == {408}
    finally:
        for connection in connections:
            connection.close()


def test_a_client_that_shuts_its_sending_side_gets_its_answer(address: tuple[str, int]) -> None:
    body = b'{"items": [1, 2, 3]}'
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request_head(len(body)) + body)
        connection.shutdown(socket.SHUT_WR)
        assert read_status(connection) == 200


def test_a_client_that_shuts_its_sending_side_too_early_is_let_go(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request_head(1000) + b"{")
        connection.shutdown(socket.SHUT_WR)
        assert read_status(connection) == 0


@pytest.mark.parametrize(
    ("request_line", "fields", "status"),
    [
        ("GET /things HTTP/1.1", ["X: " + "x" * 5000] * 99, 431),
        ("GET /things HTTP/1.1", ["X: x"] * 200, 431),
        ("GET /things HTTP/1.1", ["X: x"] * 50, 200),
        (f"GET /things?{'x' * 9000} HTTP/1.1", [], 414),
        ("GET /things HTTP/9.9", [], 400),
        ("GET /things", [], 400),
        ("GET /things HTTP/1.1", ["Content-Length: 1", "Transfer-Encoding: chunked"], 400),
        ("GET /things HTTP/1.1", ["Content-Length: 1", "Content-Length: 2"], 400),
        ("GET /things HTTP/1.1", ["X : x"], 400),
        ("GET /things HTTP/1.1", ["X: a\0b"], 400),
    ],
)
def test_a_head_that_is_too_large_or_none_is_refused(
    address: tuple[str, int], request_line: str, fields: list[str], status: int
) -> None:
    head = "\r\n".join([request_line, "Host: x", *fields, "", ""]).encode()
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        # In pieces, as a network brings it; what comes after a refusal need not arrive.
        with suppress(ConnectionError):
            for at in range(0, len(head), 20_000):
                connection.sendall(head[at : at + 20_000])
                time.sleep(0.01)
        assert read_status(connection) == status


def test_a_head_that_never_ends_is_given_up(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /things HTTP/1.1\r\n")
        assert not drips(connection, b"X: x\r\n" * 2000, 1000, 0.01), "twelve megabytes were taken in"


@pytest.mark.parametrize("trailer", [b"X: x\r\n" * 2000, b"x" * 12_000])
def test_a_trailer_that_never_ends_is_given_up(address: tuple[str, int], trailer: bytes) -> None:
    head = request_head("x").replace(b"Content-Length: x", b"Transfer-Encoding: chunked")
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(head + b"2\r\n{}\r\n0\r\nX: x")
        assert not drips(connection, trailer, 1000, 0.01), "twelve megabytes were taken in"


def test_a_body_in_chunks_of_one_byte_is_a_body(address: tuple[str, int]) -> None:
    head = request_head("x").replace(b"Content-Length: x", b"Transfer-Encoding: chunked")
    body = json.dumps({"items": [1] * 1000, "text": "x" * 100_000}).encode()
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(head + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX: x\r\n\r\n")
        assert read_status(connection) == 200


def test_what_is_no_request_behind_one_does_not_take_its_answer(address: tuple[str, int]) -> None:
    body = b'{"items": [1, 2, 3]}'
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request_head(len(body)) + body + b"nonsense\r\n\r\n")
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1") == 1
    assert received.endswith(b'{"items":3}')


def test_requests_by_the_thousand_in_one_piece_are_not_kept_waiting(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /readers HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
        received = b""
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                received += piece
    assert received.count(b"HTTP/1.1 200") <= 101


def test_heads_that_drip_and_connections_that_say_nothing_are_dropped(address: tuple[str, int]) -> None:
    silent, slow, idle = [socket.create_connection(address, timeout=PATIENCE) for _ in range(3)]
    idle.sendall(b"GET /things HTTP/1.1\r\nHost: x\r\n\r\n")
    assert read_status(idle) == 200
    assert not drips(slow, b"X", 40, 0.1), "one byte every tenth of a second kept a connection"
    for connection in (silent, slow, idle):
        with connection, suppress(ConnectionError):
            while connection.recv(65536):
                pass


def drips(connection: socket.socket, piece: bytes, times: int, seconds: float) -> bool:
    """Sends a piece again and again; whether the server took them all."""
    try:
        for _ in range(times):
            connection.sendall(piece)
            time.sleep(seconds)
    except ConnectionError:
        return False
    return True


def test_requests_in_one_piece_are_answered_in_their_order(address: tuple[str, int]) -> None:
    bodies = [json.dumps({"items": [1] * number}).encode() for number in range(50)]
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"".join(request_head(len(body)) + body for body in bodies))
        received = b""
        while received.count(b"HTTP/1.1 200") < 50 or not received.endswith(b"}"):
            received += connection.recv(65536)
    assert re.findall(rb'"items":(\d+)', received) == [str(number).encode() for number in range(50)]


def test_a_request_under_way_is_answered_before_the_server_stops(folder: Path) -> None:
    body = b'{"items": [1, 2, 3]}'
    with (
        serving(folder) as (address, process),
        socket.create_connection(address, timeout=PATIENCE) as connection,
    ):
        connection.sendall(request_head(len(body)) + body[:5])
        time.sleep(0.2)
        process.terminate()
        time.sleep(0.5)
        connection.sendall(body[5:])
        assert read_status(connection) == 200
        assert process.wait(PATIENCE) == 0


def test_clients_that_vanish_in_the_middle_of_a_body_leave_nothing_behind(address: tuple[str, int]) -> None:
    for _ in range(100):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(request_head(1000) + b"{")


def test_clients_that_vanish_in_the_middle_of_a_stream_leave_nothing_behind(address: tuple[str, int]) -> None:
    for _ in range(50):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(b"GET /things HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(10)


def test_who_leaves_a_stream_that_is_waiting_for_news_is_noticed(address: tuple[str, int]) -> None:
    url = f"http://{address[0]}:{address[1]}/readers"
    connections = [socket.create_connection(address, timeout=PATIENCE) for _ in range(20)]
    for connection in connections:
        connection.sendall(b"GET /news HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"wait for it" not in received:
            received += connection.recv(65536)
    assert httpx.get(url).json() == 20
    for connection in connections:
        connection.close()
    until(lambda: httpx.get(url).json() == 0, "noticed")


def test_a_stream_arrives_whole(address: tuple[str, int]) -> None:
    assert httpx.get(f"http://{address[0]}:{address[1]}/things").text == "0\n1\n2\n"


def test_a_stream_that_breaks_never_looks_whole(address: tuple[str, int]) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        httpx.get(f"http://{address[0]}:{address[1]}/broken")
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"\r\n2\n\r\n" in received
    assert b"\r\n0\r\n\r\n" not in received


def test_a_reader_that_is_slow_or_leaves_keeps_no_stream_busy(address: tuple[str, int]) -> None:
    url = f"http://{address[0]}:{address[1]}/endless"
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(1000)
        time.sleep(0.5)
        # What fits into the buffers of two sockets, and no more.
        before = httpx.delete(url).json()
        time.sleep(0.5)
        assert httpx.delete(url).json() == before
        assert before["pieces"] < 500
    until(lambda: httpx.delete(url).json()["ended"] == before["ended"] + 1, "ended, though nobody listens")
