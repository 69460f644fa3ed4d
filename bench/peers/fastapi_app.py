"""FastAPI with Pydantic models for requests and responses."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bench.peers.data import goal_list, receipts


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"


class ReceiptStatus(StrEnum):
    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"


Id = Annotated[str, Field(min_length=1, max_length=128)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Goal(BaseModel):
    id: UUID
    name: Name
    status: Status
    event_name: Name
    target: int = Field(ge=0)
    conversion_rate: float | None = Field(ge=0, le=1)
    created_at: AwareDatetime


class Pagination(BaseModel):
    next_cursor: str | None = Field(max_length=500)
    has_more: bool


class GoalList(BaseModel):
    data: list[Goal] = Field(max_length=1000)
    pagination: Pagination


class Revenue(BaseModel):
    model_config = ConfigDict(extra="forbid")
    amount_minor: int = Field(ge=-(10**12), le=10**12)
    currency: str = Field(pattern="^[A-Z]{3}$")


class EventCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Id
    name: Name
    timestamp: AwareDatetime
    website_id: UUID
    visitor_id: Id
    url: str | None = Field(None, max_length=2048)
    referrer: str | None = Field(None, max_length=2048)
    source: str | None = Field(None, max_length=200)
    device: str | None = Field(None, max_length=50)
    country: str | None = Field(None, pattern="^[A-Z]{2}$")
    revenue: Revenue | None = None


class EventsCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    events: list[EventCreate] = Field(min_length=1, max_length=1000)


class Receipt(BaseModel):
    id: Id
    status: ReceiptStatus
    code: str | None = Field(max_length=50)


class Receipts(BaseModel):
    accepted: int = Field(ge=0, le=1000)
    receipts: list[Receipt] = Field(min_length=1, max_length=1000)


app = FastAPI()


@app.get("/v1/websites/{website_id}/goals", response_model=GoalList)
async def list_goals(
    website_id: UUID,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    status: Status | None = None,
    created_since: date | None = None,
) -> Any:
    return goal_list(limit)


@app.post("/v1/events", response_model=Receipts)
async def create_events(body: EventsCreate) -> Any:
    return receipts([event.id for event in body.events])
