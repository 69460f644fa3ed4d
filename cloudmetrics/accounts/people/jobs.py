"""Mails to people about their own accounts. Tokens are made here, so that they never lie in a queue."""

from __future__ import annotations

import base64
from uuid import UUID

from cloudmetrics.accounts import letters
from cloudmetrics.accounts.links import password_link
from cloudmetrics.accounts.people import service, store
from cloudmetrics.accounts.people.journal import TELL_JOB
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY
from cloudmetrics.platform.jobs import JobContext, job, once
from cloudmetrics.platform.mail import send_later


@job(service.RESET_JOB)
async def send_reset(context: JobContext, *, sealed: str) -> None:
    """Mails a link, if there is such an account."""
    email = context.keyring.unseal(service.RESET_JOB, base64.b64decode(sealed)).decode()
    account = await store.find_account(context.database, email=email)
    if account is None:
        return
    async with context.database.transaction(NOBODY) as transaction:
        if not await once(transaction, context.job_id):
            return
        token = await service.make_password_token(transaction, context.keyring, account.user.id)
        letter = letters.new_password(account.user.email, password_link(context.settings.base_url, token))
        await send_later(transaction, context.keyring, letter, until=clock.now() + service.TOKEN_LIFE)


@job(TELL_JOB)
async def tell(context: JobContext, *, user_id: str, action: str) -> None:
    """Mails that the account was changed, so that its person notices if it was not them."""
    user = await store.get(context.database, UUID(user_id))
    if user is None:
        return
    async with context.database.transaction(NOBODY) as transaction:
        if not await once(transaction, context.job_id):
            return
        await send_later(transaction, context.keyring, letters.changed_account(user.email, action))
