"""Dashboards: the operations of spec/paths/dashboards*.yaml."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.ranges import RangeName
from cloudmetrics.boards.relations import OF_DASHBOARD
from cloudmetrics.boards.share_links import service as share_links
from cloudmetrics.boards.showing import service as showing
from cloudmetrics.boards.showing.models import Failure, Shown, View
from cloudmetrics.boards.templates import service as templates
from cloudmetrics.boards.templates.catalogue import TEMPLATES
from cloudmetrics.boards.transfer import service as transfer
from cloudmetrics.boards.transfer.models import Document
from cloudmetrics.boards.whole import service as whole
from cloudmetrics.boards.widgets import service as widgets
from cloudmetrics.boards.widgets.grid import Box
from cloudmetrics.boards.widgets.models import Draft
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, created, expanded, listed, one
from cloudmetrics.gateway.surroundings import base_url_of, problems_of
from cloudmetrics.platform.caller import Caller


async def list_dashboards(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await dashboards.list_page(caller, query), query, OF_DASHBOARD)


async def create_dashboard(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    settings = Settings.from_json(body)
    if body["template"] is not None:
        return created(request, await whole.from_template(caller, settings, TEMPLATES[body["template"]]))
    return created(request, await dashboards.create(caller, settings))


async def get_dashboard(caller: Caller, dashboard_id: str, expand: list[str] | None) -> dict[str, Any]:
    return await expanded(caller, await dashboards.get(caller, UUID(dashboard_id)), expand, OF_DASHBOARD)


async def update_dashboard(caller: Caller, dashboard_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await dashboards.change(caller, UUID(dashboard_id), body))


async def patch_dashboard(caller: Caller, dashboard_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return one(await dashboards.change(caller, UUID(dashboard_id), body))


async def delete_dashboard(caller: Caller, dashboard_id: str) -> None:
    await dashboards.delete(caller, UUID(dashboard_id))


async def restore_dashboard(caller: Caller, dashboard_id: str) -> dict[str, Any]:
    return one(await dashboards.restore(caller, UUID(dashboard_id)))


async def duplicate_dashboard(
    caller: Caller, request: Request, dashboard_id: str, body: dict[str, Any]
) -> Answer:
    copy = await whole.duplicate(caller, UUID(dashboard_id), body["name"])
    return created(request, copy, levels=2)


async def list_dashboard_templates(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, templates.list_page(caller, query), query)


async def export_dashboard(caller: Caller, dashboard_id: str) -> dict[str, Any]:
    return one(await transfer.export(caller, UUID(dashboard_id)))


async def import_dashboard(caller: Caller, request: Request, body: dict[str, Any]) -> Answer:
    dashboard = await transfer.bring_in(
        caller,
        Document.from_json(body["document"]),
        name=body["name"],
        becomes={UUID(each["from"]): UUID(each["to"]) for each in body["websites"]},
    )
    return created(request, dashboard, levels=1)


async def add_favourite(caller: Caller, dashboard_id: str) -> None:
    await dashboards.set_favourite(caller, UUID(dashboard_id), True)


async def remove_favourite(caller: Caller, dashboard_id: str) -> None:
    await dashboards.set_favourite(caller, UUID(dashboard_id), False)


async def list_widgets(caller: Caller, request: Request, dashboard_id: str, **query: Any) -> Answer:
    page = await widgets.list_page(caller, UUID(dashboard_id), query)
    return await listed(request, caller, page, query)


async def create_widget(caller: Caller, request: Request, dashboard_id: str, body: dict[str, Any]) -> Answer:
    return created(request, await widgets.create(caller, UUID(dashboard_id), Draft.from_json(body)))


async def get_widget(caller: Caller, dashboard_id: str, widget_id: str) -> dict[str, Any]:
    return one(await widgets.get(caller, UUID(dashboard_id), UUID(widget_id)))


async def update_widget(
    caller: Caller, dashboard_id: str, widget_id: str, body: dict[str, Any]
) -> dict[str, Any]:
    draft = Draft.from_json(body)
    return one(await widgets.update(caller, UUID(dashboard_id), UUID(widget_id), draft))


async def patch_widget(
    caller: Caller, dashboard_id: str, widget_id: str, body: dict[str, Any]
) -> dict[str, Any]:
    return await update_widget(caller, dashboard_id, widget_id, body)


async def delete_widget(caller: Caller, dashboard_id: str, widget_id: str) -> None:
    await widgets.delete(caller, UUID(dashboard_id), UUID(widget_id))


async def arrange_widgets(caller: Caller, dashboard_id: str, body: dict[str, Any]) -> dict[str, Any]:
    boxes = [(UUID(each["widget_id"]), Box.from_json(each["layout"])) for each in body["widgets"]]
    await widgets.arrange(caller, UUID(dashboard_id), boxes)
    dashboard = await dashboards.get(caller, UUID(dashboard_id))
    return await expanded(caller, dashboard, ["widgets"], OF_DASHBOARD)


async def get_dashboard_data(
    caller: Caller,
    request: Request,
    dashboard_id: str,
    range: str | None,
    start_date: str | None,
    end_date: str | None,
    website_id: str | None,
) -> dict[str, Any]:
    view = await showing.show(
        caller,
        UUID(dashboard_id),
        website_id=UUID(website_id) if website_id else None,
        range=RangeName(range) if range else None,
        start_date=start_date,
        end_date=end_date,
    )
    return {"data": await _view(request, view), "meta": {}}


async def list_share_links(caller: Caller, request: Request, dashboard_id: str, **query: Any) -> Answer:
    page = await share_links.list_page(caller, UUID(dashboard_id), query)
    return await listed(request, caller, page, query)


async def create_share_link(
    caller: Caller, request: Request, dashboard_id: str, body: dict[str, Any]
) -> Answer:
    made = await share_links.create(
        caller,
        UUID(dashboard_id),
        name=body["name"],
        days=int(body["expires_in_days"]),
        base_url=base_url_of(request),
    )
    return created(request, made)


async def get_share_link(caller: Caller, dashboard_id: str, share_link_id: str) -> dict[str, Any]:
    return one(await share_links.get(caller, UUID(dashboard_id), UUID(share_link_id)))


async def revoke_share_link(caller: Caller, dashboard_id: str, share_link_id: str) -> None:
    await share_links.revoke(caller, UUID(dashboard_id), UUID(share_link_id))


async def get_shared_dashboard(caller: Caller, request: Request) -> dict[str, Any]:
    return {"data": await _view(request, await share_links.show(caller)), "meta": {}}


async def _view(request: Request, view: View) -> dict[str, Any]:
    dashboard = view.dashboard
    return {
        "dashboard_id": str(dashboard.id),
        "name": dashboard.settings.name,
        "description": dashboard.settings.description,
        "widgets": [await _widget_view(request, shown) for shown in view.widgets],
    }


async def _widget_view(request: Request, shown: Shown) -> dict[str, Any]:
    widget, answer = shown.widget, shown.answer
    if isinstance(answer, Failure):
        answer = {"kind": "PROBLEM", "problem": await problems_of(request).describe(request, answer.error)}
    return {
        "widget_id": str(widget.id),
        "kind": widget.kind.value,
        "title": widget.title,
        "layout": widget.box.to_json(),
        "answer": answer,
    }
