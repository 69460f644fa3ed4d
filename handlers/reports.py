"""Reports: the operations of spec/paths/reports*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.contract import Request, Response
from cloudmetrics.gateway.exchanges.etags import etag_of
from cloudmetrics.gateway.exchanges.service import CACHE_CONTROL
from cloudmetrics.gateway.shapes import Answer, created, listed, one
from cloudmetrics.platform.caller import Caller
from cloudmetrics.reports.definitions import service as reports
from cloudmetrics.reports.definitions.models import Wish
from cloudmetrics.reports.runs import service as runs


async def list_reports(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await reports.list_page(caller, query), query)


async def create_report(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    return created(request, await reports.create(caller, Wish.from_json(body)))


async def get_report(caller: Caller, report_id: str) -> dict[str, Any]:
    return one(await reports.get(caller, UUID(report_id)))


async def update_report(caller: Caller, report_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await reports.update(caller, UUID(report_id), Wish.from_json(body)))


async def patch_report(caller: Caller, report_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return await update_report(caller, report_id, body)


async def delete_report(caller: Caller, report_id: str) -> None:
    await reports.delete(caller, UUID(report_id))


async def run_report(caller: Caller, request: Request, report_id: str) -> Answer:
    return created(request, await runs.run_now(caller, UUID(report_id)))


async def list_report_runs(caller: Caller, request: Request, report_id: str, **query: Any) -> Answer:
    return await listed(request, caller, await runs.list_page(caller, UUID(report_id), query), query)


async def get_report_run(caller: Caller, report_id: str, run_id: str) -> dict[str, Any]:
    return one(await runs.get(caller, UUID(report_id), UUID(run_id)))


async def download_report_run(
    caller: Caller, report_id: str, run_id: str, format: str, section: int
) -> Response:
    file = await runs.download(caller, UUID(report_id), UUID(run_id), format, int(section))
    headers = {
        "content-disposition": f'attachment; filename="{file.name}"',
        "etag": etag_of(file.contents),
        "cache-control": CACHE_CONTROL,
    }
    return Response(file.content, headers=headers, media_type=file.media_type)
