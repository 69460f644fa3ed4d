"""The rollups as they are defined: drawn from all events of a website at once.

The product never does this; it counts each event as it comes. So data sets for
benchmarks are made by it, and tests compare with it what was counted.
"""

from uuid import UUID

from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

CLEARING = (
    queries.clear_visits,
    queries.clear_visitor_days,
    queries.clear_visitor_day_events,
    queries.clear_page_days,
    queries.clear_daily_totals,
    queries.clear_daily_cube,
    queries.clear_daily_gaps,
)
# In the order in which one is drawn from the other.
DRAWING = (
    queries.draw_visits,
    queries.draw_visitor_days,
    queries.draw_visitor_day_events,
    queries.draw_page_days,
    queries.draw_daily_totals,
    queries.draw_daily_cube,
    queries.draw_daily_gaps,
)


async def rebuild(
    transaction: Transaction, tenant: Tenant, website_id: UUID, edition: int, timezone: str
) -> None:
    """Draws the rollups of one website anew from its events. The caller holds its lock."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "edition": edition,
        "timezone": timezone,
    }
    for statement in (*CLEARING, *DRAWING):
        await transaction.execute(statement, parameters)
