"""What is left to do with websites whose time has come."""

from __future__ import annotations

from cloudmetrics.accounts.trash.jobs import purges
from cloudmetrics.analytics.websites.service import WEBSITE, purge

purges(WEBSITE)(purge)
