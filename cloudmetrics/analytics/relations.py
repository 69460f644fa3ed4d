"""What things of analytics are related to: what `expand` can name."""

from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform.collections import Relation

OF_WEBSITE = {"goals": Relation("id", "goals:read", goals.of_websites, many=True)}
OF_GOAL = {"website": Relation("website_id", "websites:read", websites.by_ids)}
OF_FUNNEL = {"website": Relation("website_id", "websites:read", websites.by_ids)}
OF_EVENT = {"website": Relation("website_id", "websites:read", websites.by_ids, OF_WEBSITE)}
