"""What is left to do with goals whose time has come."""

from __future__ import annotations

from cloudmetrics.accounts.trash.jobs import purges
from cloudmetrics.analytics.goals import store
from cloudmetrics.analytics.goals.service import GOAL

purges(GOAL)(store.purge)
