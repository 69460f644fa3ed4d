"""Revenue: the operation of spec/paths/revenue.yaml."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.revenue import service as revenue
from cloudmetrics.analytics.revenue.models import RevenueDimension
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, many
from cloudmetrics.platform.caller import Caller


async def list_revenue(
    caller: Caller,
    request: Request,
    website_id: str,
    dimension: str,
    start_date: str | None,
    end_date: str | None,
    cursor: str | None,
    limit: int,
) -> Answer:
    page, question = await revenue.list_page(
        caller,
        UUID(website_id),
        dimension=RevenueDimension(dimension),
        start_date=start_date,
        end_date=end_date,
        cursor=cursor,
        limit=limit,
    )
    body, status, headers = many(request, page, limit)
    return body | {"meta": question.to_json()}, status, headers
