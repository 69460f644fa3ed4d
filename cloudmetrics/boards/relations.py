"""What dashboards are related to: what `expand` can name."""

from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.widgets import service as widgets
from cloudmetrics.platform.collections import Relation

OF_DASHBOARD = {
    "website": Relation("website_id", "websites:read", websites.by_ids),
    "widgets": Relation("id", "dashboards:read", widgets.of_dashboards, many=True),
}
