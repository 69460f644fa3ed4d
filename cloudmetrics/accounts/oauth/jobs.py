"""Removes codes, tokens and sessions that are worth nothing any more."""

from __future__ import annotations

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.sessions import service as sessions
from cloudmetrics.platform.jobs import JobContext, periodic


@periodic("oauth.forget", cron="41 * * * *")
async def forget_expired(context: JobContext) -> None:
    await oauth.forget_expired(context.database)
    await sessions.forget_expired(context.database)
