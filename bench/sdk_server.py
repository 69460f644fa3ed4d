"""python -m bench.sdk_server PORT: answers at once, so that what is measured is the client.

GET gives a goal, the contract's own example; POST takes a batch of events, whatever is in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from cloudmetrics.gates.models import Project
from cloudmetrics.sdks import examples
from cloudmetrics.sdks.bundle import for_clients
from cloudmetrics.sdks.description import describe

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


class Answering(asyncio.Protocol):
    """One connection. Requests come one after the other, as clients without pipelining send them."""

    goal = b""
    receipts = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if len(body) >= length:
            self.transport.write(self.goal if head.startswith(b"GET") else self.receipts)
            self.received.clear()


def answer(body: object) -> bytes:
    content = json.dumps(body).encode()
    return HEAD.format(len(content)).encode() + content


async def serve(port: int) -> None:
    contract = describe(for_clients(Project(Path(__file__).parents[1]).contract.bundle))
    get = next(method for method in contract.methods if method.full_name == "goals.get")
    Answering.goal = answer(examples.answer(contract, get))
    data = {"accepted": 0, "duplicates": 0, "rejected": 0, "receipts": []}
    Answering.receipts = answer({"data": data, "meta": {}})
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
