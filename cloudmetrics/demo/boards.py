"""The dashboards of the demo workspace: two that are ready-made, one of them with a funnel on it."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.goals.conditions import Condition, Kind
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.analytics.saved_funnels.models import Plan
from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.templates.catalogue import REVENUE, WEB_OVERVIEW
from cloudmetrics.boards.whole import service as whole
from cloudmetrics.boards.widgets import service as widgets
from cloudmetrics.boards.widgets.models import Draft
from cloudmetrics.platform.caller import Caller

# The way that the demo traffic goes, as cloudmetrics/demo/world.py lays it out.
STEPS = (
    Condition(Kind.PAGE, path_pattern="/pricing"),
    Condition(Kind.EVENT, event_name="signup"),
    Condition(Kind.EVENT, event_name="purchase"),
)


async def make_boards(owner: Caller, website_id: UUID) -> None:
    """Makes dashboards about a website of a workspace that has none yet."""
    overview = Settings("Web overview", "Who comes, from where, and to which pages", website_id)
    await whole.from_template(owner, overview, WEB_OVERVIEW)
    earned = Settings("Revenue", "What is earned, and who brings it", website_id, position=1)
    revenue = await whole.from_template(owner, earned, REVENUE)
    funnel = await saved_funnels.create(
        owner, website_id, Plan("From the prices to a purchase", STEPS, 24 * 7)
    )
    widget = {"kind": "FUNNEL", "title": funnel.name, "funnel_id": str(funnel.id)}
    await widgets.create(owner, revenue.id, Draft.from_json(widget))
