"""Bare Starlette: nothing is validated, in or out."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.peers.data import goal_list, receipts


async def list_goals(request: Request) -> JSONResponse:
    limit = int(request.query_params.get("limit", 100))
    return JSONResponse(goal_list(limit))


async def create_events(request: Request) -> JSONResponse:
    body = await request.json()
    return JSONResponse(receipts([event["id"] for event in body["events"]]))


app = Starlette(
    routes=[
        Route("/v1/websites/{website_id}/goals", list_goals),
        Route("/v1/events", create_events, methods=["POST"]),
    ]
)
