"""What tests of people share: Anna, who signs in."""

from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest

from cloudmetrics.accounts.people import second_factor
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.platform.database import NOBODY
from cloudmetrics.platform.redis import Redis

PASSWORD = "correct horse battery staple"
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
async def redis(stores):
    redis = Redis(stores.redis_url)
    yield redis
    await redis.close()


@pytest.fixture
async def anna(database):
    """Owns a workspace, and has no password yet."""
    user, _ = await workspaces.create_owner(
        database, email=f"anna-{uuid4().hex}@example.com", workspace_name="Anna's"
    )
    return user


@pytest.fixture
def sign_in(database, redis, keyring, anna):
    """Signs in as Anna, from an address of the test's own."""
    here = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"

    async def sign_in(password=PASSWORD, code=None, *, email=anna.email, address=here):
        return await people.sign_in(
            database, redis, keyring, email=email, password=password, code=code, address=address
        )

    return sign_in


async def give_password(database, keyring, user, password=PASSWORD):
    async with database.transaction(NOBODY) as transaction:
        token = await people.make_password_token(transaction, keyring, user.id)
    return await people.finish_reset(database, keyring, token=token, password=password, address="192.0.2.1")


@pytest.fixture
async def factor(database, keyring, anna, now):
    """Anna's second factor and its recovery codes, which was turned on with the code of half a minute ago."""
    await give_password(database, keyring, anna)
    enrolment = await second_factor.begin(database, keyring, anna)
    totp = pyotp.TOTP(enrolment.secret)
    codes = await second_factor.confirm(
        database, keyring, anna, totp.at(now - HALF_A_MINUTE), address="192.0.2.1"
    )
    return totp, codes
