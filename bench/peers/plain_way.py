"""The whole way, done plainly: FastAPI, a psycopg pool, redis-py.

Key check, tenant, one read of 30 rows. It reads the same tables through the same
row-level security, and needs what bench/whole_way.py puts into Redis for it.
"""

import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import redis.asyncio
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, BaseModel, Field

SECRET = os.environ["CLOUDMETRICS_SECRET_KEY"].encode()
SELECT = """
SELECT website_id AS id, name, domain, timezone, currency, created_at, updated_at
FROM websites
WHERE workspace_id = %s AND deleted_at IS NULL
ORDER BY website_id
LIMIT %s
"""


class Website(BaseModel):
    id: UUID
    name: str = Field(min_length=1, max_length=100)
    domain: str = Field(max_length=253)
    timezone: str = Field(max_length=64)
    currency: str = Field(pattern="^[A-Z]{3}$")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Pagination(BaseModel):
    next_cursor: str | None
    has_more: bool


class WebsiteList(BaseModel):
    data: list[Website]
    pagination: Pagination


pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=4,
    max_size=4,
    open=False,
    kwargs={"row_factory": dict_row, "options": "-c role=cloudmetrics_api"},
)
cache = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield
    await cache.aclose()


app = FastAPI(lifespan=lifespan)


def digest_of(key: str) -> str:
    return hmac.digest(SECRET, key.encode(), sha256).hex()


async def tenant_of(api_key: Annotated[str, Header()]) -> str:
    record = await cache.get(f"plain:{digest_of(api_key)}")
    if record is None:
        raise HTTPException(401)
    identity = json.loads(record)
    if "websites:read" not in identity["scopes"]:
        raise HTTPException(403)
    workspace_id: str = identity["workspace_id"]
    return workspace_id


@app.get("/v1/websites", response_model=WebsiteList)
async def list_websites(
    tenant: Annotated[str, Depends(tenant_of)], limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Any:
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{UUID(tenant)}'")
        cursor = await connection.execute(SELECT, (tenant, limit + 1))
        rows = await cursor.fetchall()
    more = len(rows) > limit
    return {"data": rows[:limit], "pagination": {"next_cursor": None, "has_more": more}}
