"""People: passwords, tokens, and what is written down. The services behind the sign-in pages."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher

from cloudmetrics.accounts.people import second_factor
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import (
    InvalidToken,
    SignInFailed,
    WeakPassword,
)
from cloudmetrics.cli import owner
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.processes import StartupError
from tests.integration.conftest import settings_for
from tests.integration.signing_in.conftest import PASSWORD, give_password


async def test_nobody_signs_in_before_a_password_is_set(database, keyring, anna, sign_in):
    with pytest.raises(SignInFailed):
        await sign_in("")
    await give_password(database, keyring, anna)
    assert (await sign_in()).id == anna.id


@pytest.mark.parametrize(
    "wrong", ["", " ", PASSWORD.upper(), PASSWORD + " ", "x" * 100_000, "\ud800", "a\x00b"]
)
async def test_a_wrong_password_of_any_kind_fails(database, keyring, anna, sign_in, wrong):
    await give_password(database, keyring, anna)
    with pytest.raises(SignInFailed):
        await sign_in(wrong)


@pytest.mark.parametrize(
    "nobody", ["", "nobody@example.com", "no address", "x" * 5000, "\ud800@x", "a\x00@b"]
)
async def test_an_address_without_an_account_fails_alike(sign_in, nobody):
    with pytest.raises(SignInFailed) as failure:
        await sign_in(email=nobody)
    assert str(failure.value) == str(SignInFailed())


async def test_an_address_may_be_typed_in_capitals(database, keyring, anna, sign_in):
    await give_password(database, keyring, anna)
    assert (await sign_in(email=f" {anna.email.upper()} ")).id == anna.id


async def test_a_failure_takes_as_long_without_an_account_as_with_one(
    database, keyring, anna, sign_in, real_passwords
):
    await give_password(database, keyring, anna)

    async def seconds(email, address):
        """Of the processor, which is hardly ever wanted by others at the quickest of some tries."""
        begun = time.process_time()
        with pytest.raises(SignInFailed):
            await sign_in("wrong password", email=email, address=address)
        return time.process_time() - begun

    with_account, without = [], []
    for number in range(7):
        with_account.append(await seconds(anna.email, f"10.1.0.{number}"))
        without.append(await seconds(f"{uuid4().hex}@example.com", f"10.1.1.{number}"))
    assert 0.5 < min(with_account) / min(without) < 2


async def test_letters_typed_as_other_code_points_are_the_same(database, keyring, anna, sign_in):
    await give_password(database, keyring, anna, "schöne lange Wörter")
    assert (await sign_in("scho\u0308ne lange Wo\u0308rter")).id == anna.id


@pytest.mark.parametrize("weak", ["", "short", "x" * 257, "aaaaaaaaaaaaaaa", "abababababababab"])
async def test_a_weak_password_is_refused_and_the_token_stays(database, keyring, anna, weak):
    async with database.transaction(NOBODY) as transaction:
        token = await people.make_password_token(transaction, keyring, anna.id)
    with pytest.raises(WeakPassword):
        await people.finish_reset(database, keyring, token=token, password=weak)
    assert await people.finish_reset(database, keyring, token=token, password=PASSWORD)


async def test_the_address_is_no_password(database, keyring, anna):
    with pytest.raises(WeakPassword, match="e-mail"):
        await give_password(database, keyring, anna, anna.email.upper())


async def test_a_token_works_once_and_of_two_at_once_for_one(database, keyring, anna):
    async with database.transaction(NOBODY) as transaction:
        token = await people.make_password_token(transaction, keyring, anna.id)
    answers = await asyncio.gather(
        *(people.finish_reset(database, keyring, token=token, password=f"{PASSWORD} {n}") for n in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, InvalidToken) for answer in answers) == 2


async def test_a_new_password_ends_other_tokens_and_sessions(database, keyring, anna):
    async with database.transaction(NOBODY) as transaction:
        other = await people.make_password_token(transaction, keyring, anna.id)
    before = clock.now()
    user = await give_password(database, keyring, anna)
    assert user.sessions_after is not None
    assert user.sessions_after >= before
    assert (await people.get(database, anna.id)).sessions_after == user.sessions_after
    with pytest.raises(InvalidToken):
        await people.finish_reset(database, keyring, token=other, password=PASSWORD)


async def test_a_token_of_more_than_an_hour_is_worth_nothing(database, keyring, anna, monkeypatch):
    async with database.transaction(NOBODY) as transaction:
        token = await people.make_password_token(transaction, keyring, anna.id)
    late = clock.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(InvalidToken):
        await people.owner_of_token(database, keyring, token)
    with pytest.raises(InvalidToken):
        await people.finish_reset(database, keyring, token=token, password=PASSWORD)


@pytest.mark.parametrize("token", ["", "x", "x" * 100_000, "\ud800", "a\x00b"])
async def test_a_token_that_was_never_given_is_worth_nothing(database, keyring, token):
    with pytest.raises(InvalidToken):
        await people.finish_reset(database, keyring, token=token, password=PASSWORD)


async def test_the_database_holds_neither_password_nor_token_nor_secret(
    database, database_url, keyring, anna, real_passwords
):
    async with database.transaction(NOBODY) as transaction:
        token = await people.make_password_token(transaction, keyring, anna.id)
    enrolment = await second_factor.begin(database, keyring, anna)
    with psycopg.connect(database_url) as everything:
        dump = str(everything.execute("SELECT encode(digest, 'escape'), * FROM user_tokens").fetchall())
        dump += str(everything.execute("SELECT encode(secret, 'escape'), * FROM second_factors").fetchall())
        (stored,) = everything.execute(
            "SELECT password_hash FROM users WHERE user_id = %s", [anna.id]
        ).fetchone()
    assert stored is None
    assert str(anna.id) in dump
    assert token not in dump
    assert enrolment.secret not in dump
    await people.finish_reset(database, keyring, token=token, password=PASSWORD)
    with psycopg.connect(database_url) as everything:
        (stored,) = everything.execute(
            "SELECT password_hash FROM users WHERE user_id = %s", [anna.id]
        ).fetchone()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_hash_of_weaker_parameters_is_replaced_at_the_next_sign_in(
    database_url, anna, sign_in, real_passwords
):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with psycopg.connect(database_url) as everything:
        everything.execute("UPDATE users SET password_hash = %s WHERE user_id = %s", [weak, anna.id])
    await sign_in()
    with psycopg.connect(database_url) as everything:
        (stored,) = everything.execute(
            "SELECT password_hash FROM users WHERE user_id = %s", [anna.id]
        ).fetchone()
    assert "m=65536" in stored
    assert (await sign_in()).id == anna.id


async def test_who_changes_how_they_sign_in_confirms_the_password(database, redis, keyring, anna):
    await give_password(database, keyring, anna)

    async def confirm(user_id, password):
        return await people.confirm_password(
            database, redis, keyring, user_id=user_id, password=password, address=f"{uuid4()}"
        )

    with pytest.raises(SignInFailed):
        await confirm(anna.id, "wrong password")
    with pytest.raises(SignInFailed):
        await confirm(uuid4(), PASSWORD)
    assert await confirm(anna.id, PASSWORD) == await people.get(database, anna.id)
    await people.change_password(database, user=anna, password="another long password")
    with pytest.raises(SignInFailed):
        await confirm(anna.id, PASSWORD)
    assert await confirm(anna.id, "another long password")


async def test_memberships_tell_where_a_person_belongs(database, anna):
    (membership,) = await people.memberships(database, anna.id)
    assert (membership.name, membership.role) == ("Anna's", "OWNER")
    assert await people.membership(database, anna.id, membership.workspace_id) == membership
    assert await people.membership(database, anna.id, uuid4()) is None
    assert await people.memberships(database, uuid4()) == []
    with pytest.raises(NotFound):
        await people.get(database, uuid4())


async def test_what_people_do_to_their_accounts_stands_in_the_log_of_their_workspaces(database, anna, factor):
    (membership,) = await people.memberships(database, anna.id)
    rows = await database.read(
        membership.workspace_id, "SELECT action, user_id, address FROM audit_log ORDER BY entry_id"
    )
    assert [row["action"] for row in rows] == ["WORKSPACE_CREATED", "PASSWORD_SET", "SECOND_FACTOR_ENABLED"]
    assert {row["user_id"] for row in rows} == {anna.id}
    assert [row["address"] for row in rows] == [None, "192.0.2.1", "192.0.2.1"]


async def test_an_owner_made_by_hand_sets_a_password_by_link_or_has_one(
    database, redis, keyring, database_url, stores
):
    settings = settings_for(database_url, stores.redis_url)
    by_link, by_hand = (f"{uuid4().hex}@example.com" for _ in range(2))
    made = await owner.create(settings, by_link, "W", "")
    page, _, token = made.link.partition("?token=")
    assert page == f"{settings.base_url}/account/password"
    assert (await people.owner_of_token(database, keyring, token)).email == by_link
    made = await owner.create(settings, by_hand, "W", PASSWORD)
    assert made.link is None
    assert await people.sign_in(
        database, redis, keyring, email=by_hand, password=PASSWORD, address=f"{uuid4()}"
    )
    with pytest.raises(StartupError, match="12 to 256"):
        await owner.create(settings, f"{uuid4().hex}@example.com", "W", "short")
