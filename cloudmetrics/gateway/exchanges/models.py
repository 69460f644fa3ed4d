"""A kept answer, and why a write is refused."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson

from cloudmetrics.contract import Request, Response
from cloudmetrics.platform.caller import Caller

RETRY_SECONDS = 1


class KeyInUse(Exception):
    """The first request with this key still runs."""

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still being answered. Repeat it in a second."
        )


class KeyReused(Exception):
    """Another request was made with this key."""

    def __init__(self) -> None:
        super().__init__(
            "Another request was made with this Idempotency-Key. Use a new key for a new request."
        )


class PreconditionFailed(Exception):
    """The thing is not as `If-Match` says; `etag` is how it is."""

    def __init__(self, etag: str) -> None:
        super().__init__("It changed since the answer with this ETag. Read it again, and decide anew.")
        self.etag = etag


class NotInBatch(Exception):
    """The operation cannot be a part of a batch."""

    def __init__(self) -> None:
        super().__init__("Events, streams and batches cannot be sent in a batch. Send the request by itself.")


class BatchUndone(Exception):
    """A request of an atomic batch was refused, and nothing of the batch was done."""

    def __init__(self, index: int, response: Response) -> None:
        super().__init__(f"Request {index} was refused, and so nothing of the batch was done.")
        assert isinstance(response.body, bytes)
        problem = orjson.loads(response.body) if response.body else None
        self.details = {"index": index, "status": response.status, "problem": problem}


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that somebody makes a request repeatable with.

    It belongs to the person whose token it is, or to the credential of a program.
    `digest` stands for the key, and `fingerprint` for the request: 32 bytes each.
    """

    workspace_id: UUID
    holder_id: UUID
    digest: bytes
    fingerprint: bytes

    @classmethod
    def of(cls, caller: Caller, key: str, request: Request) -> Claim:
        holder = caller.user_id or caller.credential_id
        assert holder is not None, "whoever writes has a credential"
        return cls(caller.tenant.workspace_id, holder, sha256(key.encode()).digest(), fingerprint_of(request))

    @property
    def lock(self) -> int:
        """The number under which PostgreSQL knows who works on it."""
        whole = sha256(self.workspace_id.bytes + self.holder_id.bytes + self.digest).digest()
        return int.from_bytes(whole[:8], signed=True)

    @property
    def purpose(self) -> str:
        """What its answer is sealed for, so that it is worth nothing in the place of another."""
        return f"kept answer {self.workspace_id} {self.holder_id} {self.digest.hex()}"


def fingerprint_of(request: Request) -> bytes:
    """A hash of what was asked: the method, the URL, and every byte of the body."""
    digest = sha256()
    for part in (request.method.encode(), request.path.encode(), request.query_string, request.body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


def packed(response: Response, fingerprint: bytes) -> bytes:
    """An answer as it is kept, with the fingerprint of its request."""
    assert isinstance(response.body, bytes), "an answer in pieces cannot be kept"
    head = {"status": response.status, "headers": response.headers, "media_type": response.media_type}
    return fingerprint + orjson.dumps(head) + b"\n" + response.body


def unpacked(kept: bytes) -> tuple[Response, bytes]:
    """An answer that was kept, and the fingerprint of its request."""
    head, _, body = kept[32:].partition(b"\n")
    return Response(body=body, **orjson.loads(head)), kept[:32]
