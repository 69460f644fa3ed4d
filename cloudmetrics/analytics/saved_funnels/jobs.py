"""What is left to do with funnels whose time has come."""

from __future__ import annotations

from cloudmetrics.accounts.trash.jobs import purges
from cloudmetrics.analytics.saved_funnels import store
from cloudmetrics.analytics.saved_funnels.service import FUNNEL

purges(FUNNEL)(store.purge)
