"""Ingest, done plainly: FastAPI, a psycopg pool, one INSERT per request, and no rollups.

It stores into the same table through the same row-level security, and asks for no key.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Header
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, BaseModel, Field

INSERT = """
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at, url, page,
    source, medium, device, country, revenue_minor
)
SELECT
    %s, id, website_id, visitor_id, name, timestamp, now(), url, left(page_path(url), 500),
    source, medium, device, country, (revenue->>'amount_minor')::bigint
FROM json_to_recordset(%s) AS event (
    id text, website_id uuid, visitor_id text, name text, timestamp timestamptz, url text,
    source text, medium text, device text, country text, revenue json
)
ON CONFLICT DO NOTHING
"""


class Revenue(BaseModel):
    amount_minor: int
    currency: str = Field(pattern="^[A-Z]{3}$")


class Event(BaseModel):
    id: str = Field(min_length=1, max_length=128)
    name: str = Field(min_length=1, max_length=100)
    timestamp: AwareDatetime
    website_id: UUID
    visitor_id: str = Field(min_length=1, max_length=128)
    url: str | None = Field(None, max_length=2048)
    source: str | None = Field(None, max_length=200)
    medium: str | None = Field(None, max_length=50)
    device: str | None = Field(None, max_length=50)
    country: str | None = Field(None, pattern="^[A-Z]{2}$")
    revenue: Revenue | None = None


class Batch(BaseModel):
    events: list[Event] = Field(min_length=1, max_length=1000)


pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=4,
    max_size=4,
    open=False,
    kwargs={"options": "-c role=cloudmetrics_api"},
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/events")
async def create_events(batch: Batch, workspace_id: Annotated[UUID, Header()]) -> dict[str, Any]:
    text = orjson.dumps([event.model_dump() for event in batch.events]).decode()
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{workspace_id}'")
        await connection.execute(INSERT, (workspace_id, text))
    return {"accepted": len(batch.events)}
