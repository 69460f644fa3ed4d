"""A small service behind a real gunicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.waiting import PATIENCE, until

CONTRACT = """\
openapi: 3.1.1
info: {title: Live, version: 1.0.0}
paths:
  /things:
    post:
      operationId: count-items
      tags: [Things]
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, properties: {items: {type: array, maxItems: 1000}}}
      responses:
        '200': {description: Counted, content: {application/json: {schema: {type: object}}}}
        4XX: {description: Refused, content: {application/problem+json: {schema: {type: object}}}}
    get:
      operationId: stream-numbers
      tags: [Things]
      responses: {'200': {description: Numbers, content: {text/plain: {schema: {type: string}}}}}
  /news:
    get:
      operationId: stream-news
      tags: [Things]
      responses: {'200': {description: News, content: {text/plain: {schema: {type: string}}}}}
  /readers:
    get:
      operationId: count-readers
      tags: [Things]
      responses: {'200': {description: How many, content: {application/json: {schema: {type: integer}}}}}
  /broken:
    get:
      operationId: break-off
      tags: [Things]
      responses: {'200': {description: Numbers, content: {text/plain: {schema: {type: string}}}}}
  /endless:
    get:
      operationId: go-on
      tags: [Things]
      responses: {'200': {description: Noise, content: {text/plain: {schema: {type: string}}}}}
    delete:
      operationId: tell
      tags: [Things]
      responses: {'200': {description: Pieces, content: {application/json: {schema: {type: object}}}}}
"""
HANDLERS = """
import asyncio
from cloudmetrics.contract import Response

async def count_items(body):
    return {"items": len(body.get("items", []))}

async def numbers():
    for number in range(3):
        yield f"{number}\\n".encode()
        await asyncio.sleep(0)

async def stream_numbers():
    return Response(numbers(), media_type="text/plain")

readers = 0

async def news():
    global readers
    readers += 1
    try:
        yield b"wait for it\\n"
        await asyncio.Event().wait()
    finally:
        readers -= 1

async def stream_news():
    return Response(news(), media_type="text/plain")

async def count_readers():
    return readers
async def broken():
    async for number in numbers():
        yield number
    raise RuntimeError("in the middle")

async def break_off():
    return Response(broken(), media_type="text/plain")

made = {"pieces": 0, "ended": 0}

async def noise():
    try:
        while True:
            made["pieces"] += 1
            yield b"x" * 65536
    finally:
        made["ended"] += 1

async def go_on():
    return Response(noise(), media_type="text/plain")

async def tell():
    return made
"""
APP = """
from cloudmetrics.contract import Contract, reading, serve
from cloudmetrics.platform import http_worker
http_worker.HEAD_SECONDS = 1.5
reading.BODY_SECONDS = 4.0
app = serve(Contract.load("spec/openapi.yaml"), handlers="live_handlers")
"""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[tuple[str, int], subprocess.Popen[bytes]]]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    worker = "cloudmetrics.platform.http_worker.HttpWorker"
    command = [sys.executable, "-m", "gunicorn", "-k", worker, "-w", "1", "--no-control-socket"]
    process = subprocess.Popen(
        [*command, "-b", f"fd://{listener.fileno()}", "--graceful-timeout", "3", "live_app:app"],
        cwd=folder,
        pass_fds=[listener.fileno()],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[2]}"},
        stderr=subprocess.DEVNULL,
    )
    host, port = listener.getsockname()
    try:
        wait_until_served(host, port)
        yield (host, port), process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        listener.close()


def wait_until_served(host: str, port: int) -> None:
    def served() -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://{host}:{port}/things", timeout=PATIENCE).status_code == 200
        return False

    until(served, "served")
