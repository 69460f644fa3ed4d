"""Bare Starlette again, with the JSON library that we use: nothing is validated, in or out."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.data import goal_list, receipts


async def list_goals(request: Request) -> Response:
    limit = int(request.query_params.get("limit", 100))
    return Response(orjson.dumps(goal_list(limit)), media_type="application/json")


async def create_events(request: Request) -> Response:
    body = orjson.loads(await request.body())
    answer = receipts([event["id"] for event in body["events"]])
    return Response(orjson.dumps(answer), media_type="application/json")


app = Starlette(
    routes=[
        Route("/v1/websites/{website_id}/goals", list_goals),
        Route("/v1/events", create_events, methods=["POST"]),
    ]
)
