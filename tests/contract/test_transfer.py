"""How a body arrives: in pieces, compressed, and never more of it than the contract allows."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.contract.bodies import nothing, post, posting

pytestmark = [pytest.mark.requirement("B-1", "PL-12")]


class TestStreams:
    @staticmethod
    async def lengths(body: AsyncIterator[bytes]) -> Any:
        return [len(piece) async for piece in body]

    CONTRACT = posting("{text/csv: {}}", "x-stream-body: true\n              x-max-body-bytes: 10")

    @staticmethod
    async def pieces(*pieces: bytes) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def test_a_streamed_body_arrives_piece_by_piece(self, served: Any) -> None:
        content = self.pieces(b"abc", b"", b"defg")
        response = await post(
            served, self.CONTRACT, self.lengths, content=content, headers={"content-type": "text/csv"}
        )
        assert response.json() == [3, 4]

    async def test_a_streamed_body_is_counted_while_it_arrives(self, served: Any) -> None:
        content = self.pieces(b"abcdef", b"ghijkl")
        response = await post(
            served, self.CONTRACT, self.lengths, content=content, headers={"content-type": "text/csv"}
        )
        assert response.status_code == 413
        assert response.json()["details"] == {"max_bytes": 10}

    async def test_a_streamed_body_has_a_media_type(self, served: Any) -> None:
        assert (await post(served, self.CONTRACT, self.lengths, content=b"a")).status_code == 415

    async def test_an_optional_streamed_body_may_be_absent(self, served: Any) -> None:
        contract = self.CONTRACT.replace("required: true", "required: false")
        assert (await post(served, contract, self.lengths)).json() == []


class TestEncodings:
    CONTRACT = posting("{application/json: {}, text/plain: {}}", "x-max-body-bytes: 1000")

    async def send(
        self, served: Any, content: bytes, encoding: str, kind: str = "text/plain"
    ) -> httpx.Response:
        headers = {"content-type": kind, "content-encoding": encoding}
        return await post(served, self.CONTRACT, content=content, headers=headers)

    @pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
    async def test_gzip_is_unpacked(self, served: Any, encoding: str) -> None:
        assert (await self.send(served, gzip.compress(b"hello"), encoding)).json() == "hello"

    async def test_identity_is_as_it_is(self, served: Any) -> None:
        assert (await self.send(served, b"hello", "identity")).json() == "hello"

    async def test_gzip_streams_one_behind_the_other_are_one(self, served: Any) -> None:
        content = gzip.compress(b"hel") + gzip.compress(b"") + gzip.compress(b"lo")
        assert (await self.send(served, content, "gzip")).json() == "hello"

    @pytest.mark.parametrize(
        "content",
        [
            b"hello",
            gzip.compress(b"hello")[:-9],
            gzip.compress(b"hello") + b"rubbish",
            gzip.compress(b"a")[:5],
        ],
    )
    async def test_what_is_not_gzip_is_refused(self, served: Any, content: bytes) -> None:
        response = await self.send(served, content, "gzip")
        assert (response.status_code, response.json()["code"]) == (400, "MALFORMED_BODY")

    async def test_the_limit_counts_what_was_unpacked(self, served: Any) -> None:
        assert (await self.send(served, gzip.compress(b"a" * 1000), "gzip")).status_code == 200
        assert (await self.send(served, gzip.compress(b"a" * 1001), "gzip")).status_code == 413

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x" * 1000])
    async def test_another_encoding_answers_415(self, served: Any, encoding: str) -> None:
        response = await self.send(served, b"", encoding)
        response = await self.send(served, b"a", encoding)
        assert response.status_code == 415
        assert response.headers["accept-encoding"] == "gzip"


class TestLimits:
    @pytest.mark.parametrize(("more", "limit"), [("", 2**20), ("x-max-body-bytes: 100", 100)])
    async def test_a_body_over_the_operations_limit_answers_413(
        self, served: Any, more: str, limit: int
    ) -> None:
        contract = posting("{text/plain: {}}", more)
        headers = {"content-type": "text/plain"}
        assert (
            await post(served, contract, nothing, content=b"a" * limit, headers=headers)
        ).status_code == 200
        response = await post(served, contract, nothing, content=b"a" * (limit + 1), headers=headers)
        assert response.status_code == 413
        assert response.json()["details"] == {"max_bytes": limit}

    async def test_a_body_of_unknown_length_is_counted(self, served: Any) -> None:
        contract = posting("{text/plain: {}}", "x-max-body-bytes: 5")
        content = TestStreams.pieces(b"abc", b"def")
        response = await post(served, contract, content=content, headers={"content-type": "text/plain"})
        assert response.status_code == 413
