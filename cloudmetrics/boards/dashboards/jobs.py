"""What is left to do with dashboards whose time has come."""

from __future__ import annotations

from cloudmetrics.accounts.trash.jobs import purges
from cloudmetrics.boards.dashboards import store
from cloudmetrics.boards.dashboards.service import DASHBOARD

purges(DASHBOARD)(store.purge)
