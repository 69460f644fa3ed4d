"""The team and its invitations over HTTP: nobody gives what they lack, and an owner always remains."""

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.accounts.invitations import jobs as invitation_jobs
from cloudmetrics.accounts.invitations import service as invitations
from cloudmetrics.accounts.invitations.models import PasswordRequired
from cloudmetrics.accounts.people import jobs as people_jobs
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import InvalidToken, WeakPassword
from cloudmetrics.platform import clock
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import REGISTRY, Services
from cloudmetrics.platform.redis import Redis
from tests.integration.conftest import settings_for
from tests.integration.people import token_of

TEAM, INVITATIONS = "/v1/team", "/v1/team/invitations"
PASSWORD = "correct horse battery staple"


def code_of(response):
    return response.status_code, response.json()["code"]


@pytest.fixture
async def redis(stores):
    redis = Redis(stores.redis_url)
    yield redis
    await redis.close()


@pytest.fixture
def work(database, database_url, keyring, redis, stores):
    """Runs the jobs of a name that wait, as a worker does."""
    services = Services(database, redis, keyring, settings_for(database_url, stores.redis_url))

    async def work(name):
        with psycopg.connect(database_url, autocommit=True) as everything:
            waiting = everything.execute(
                "SELECT id, args FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [name]
            ).fetchall()
            for job_id, arguments in waiting:
                await REGISTRY[name].run(JobContext(services, job_id), arguments)
                everything.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job_id])

    assert invitation_jobs
    assert people_jobs
    return work


@pytest.fixture
def token_in_mail(work, mails):
    async def token(address, job="invitations.send"):
        await work(job)
        letter = (await mails(address))[-1]
        return re.search(r"\?token=(\S+)", letter.text)[1]

    return token


def somebody():
    return f"{uuid4().hex[:12]}@example.com"


async def test_members_are_listed_and_looked_at(home, client):
    people_here = [await home.make_person(role) for role in ("OWNER", "VIEWER", "EDITOR")]
    listed = (await client.get(f"{TEAM}?limit=2")).json()
    assert [(each["id"], each["role"]) for each in listed["data"]] == [
        (people_here[0].id, "OWNER"),
        (people_here[1].id, "VIEWER"),
    ]
    rest = (await client.get(f"{TEAM}?cursor={listed['pagination']['next_cursor']}")).json()
    assert [each["email"] for each in rest["data"]] == [people_here[2].user.email]
    shown = (await client.get(f"{TEAM}/{people_here[1].id}")).json()["data"]
    assert shown == listed["data"][1]


async def test_a_role_binds_a_token_that_was_granted_before(home, client):
    person = await home.make_person("EDITOR")
    assert (
        await person.client.post("/v1/websites", json={"name": "A", "domain": "a.example"})
    ).status_code == 201
    response = await client.put(f"{TEAM}/{person.id}", json={"role": "VIEWER"})
    assert response.json()["data"]["role"] == "VIEWER"
    await asyncio.sleep(1)
    assert (await person.client.get("/v1/websites")).status_code == 200
    refused = await person.client.post("/v1/websites", json={"name": "B", "domain": "b.example"})
    assert code_of(refused) == (403, "INSUFFICIENT_SCOPE")


async def test_a_removed_member_is_out(home, client, database):
    person = await home.make_person("ADMIN")
    assert (await client.delete(f"{TEAM}/{person.id}")).status_code == 204
    await asyncio.sleep(1)
    assert (await person.client.get("/v1/websites")).status_code == 401
    assert await people.memberships(database, person.user.id) == []
    for method in ("GET", "DELETE"):
        assert code_of(await client.request(method, f"{TEAM}/{person.id}")) == (404, "NOT_FOUND")


@pytest.mark.requirement("PL-4")
async def test_only_owners_make_and_unmake_owners(home, client):
    owner, other, admin = [await home.make_person(role) for role in ("OWNER", "OWNER", "ADMIN")]
    for caller in (client, admin.client):
        for response in (
            await caller.put(f"{TEAM}/{admin.id}", json={"role": "OWNER"}),
            await caller.put(f"{TEAM}/{owner.id}", json={"role": "VIEWER"}),
            await caller.delete(f"{TEAM}/{owner.id}"),
            await caller.post(INVITATIONS, json={"email": somebody(), "role": "OWNER"}),
        ):
            assert code_of(response) == (403, "OWNER_REQUIRED")
    assert (await owner.client.put(f"{TEAM}/{admin.id}", json={"role": "OWNER"})).status_code == 200
    assert (await owner.client.delete(f"{TEAM}/{other.id}")).status_code == 204


@pytest.mark.requirement("PL-4")
async def test_nobody_gives_a_role_that_may_what_they_may_not(home, database, keyring):
    viewer = await home.make_person("VIEWER")
    weak = home.open(await home.make_key({"team:admin", "team:read"}))
    for response in (
        await weak.put(f"{TEAM}/{viewer.id}", json={"role": "ADMIN"}),
        await weak.post(INVITATIONS, json={"email": somebody(), "role": "VIEWER"}),
    ):
        assert code_of(response) == (403, "SCOPE_NOT_HELD")
        assert "metrics:read" in response.json()["details"]["missing_scopes"]
    admin = await home.make_person("ADMIN")
    narrow = home.open(await token_of(database, keyring, admin.user.id, home.workspace.id, ["team:admin"]))
    assert code_of(await narrow.put(f"{TEAM}/{viewer.id}", json={"role": "EDITOR"})) == (
        403,
        "SCOPE_NOT_HELD",
    )


async def test_the_last_owner_can_neither_leave_nor_become_less(home):
    owner = await home.make_person("OWNER")
    for response in (
        await owner.client.post(f"{TEAM}/leave"),
        await owner.client.delete(f"{TEAM}/{owner.id}"),
        await owner.client.put(f"{TEAM}/{owner.id}", json={"role": "ADMIN"}),
    ):
        assert code_of(response) == (409, "LAST_OWNER")
    assert (await owner.client.put(f"{TEAM}/{owner.id}", json={"role": "OWNER"})).status_code == 200


@pytest.mark.parametrize("number", range(5))
async def test_of_owners_who_all_leave_at_once_one_stays(home, database, number):
    owners = [await home.make_person("OWNER") for _ in range(4)]
    ways = [
        lambda each: each.client.post(f"{TEAM}/leave"),
        lambda each: each.client.put(f"{TEAM}/{each.id}", json={"role": "ADMIN"}),
        lambda each: each.client.delete(f"{TEAM}/{each.id}"),
        lambda each: each.client.put(f"{TEAM}/{each.id}", json={"role": "VIEWER"}),
    ]
    answers = await asyncio.gather(*(way(each) for way, each in zip(ways, owners, strict=True)))
    assert sorted(answer.status_code for answer in answers)[-1] == 409
    rows = await database.read(home.workspace.id, "SELECT role FROM memberships WHERE role = 'OWNER'")
    assert len(rows) == 1


async def test_members_leave_by_themselves_and_keys_do_not(home, client):
    viewer = await home.make_person("VIEWER")
    assert (await viewer.client.post(f"{TEAM}/leave")).status_code == 204
    await asyncio.sleep(1)
    assert (await viewer.client.post(f"{TEAM}/leave")).status_code == 401
    assert code_of(await client.post(f"{TEAM}/leave")) == (403, "PERSON_REQUIRED")


async def test_somebody_new_comes_in_by_the_link_and_chooses_a_password(
    home, client, database, redis, keyring, token_in_mail, mails
):
    email = somebody()
    response = await client.post(INVITATIONS, json={"email": email.upper(), "role": "EDITOR"})
    assert response.status_code == 201
    invited = response.json()["data"]
    assert (invited["email"], invited["role"], invited["status"]) == (email, "EDITOR", "PENDING")
    assert (await client.get(response.headers["location"])).json()["data"] == invited
    assert (await client.get(INVITATIONS)).json()["data"] == [invited]

    token = await token_in_mail(email)
    (letter,) = await mails(email)
    assert home.workspace.name in letter.subject
    assert f"http://testserver/account/invitation?token={token}" in letter.text
    offer = await invitations.offer_of(database, keyring, token)
    assert (offer.workspace_name, offer.email, offer.role, offer.user_id) == ("Home", email, "EDITOR", None)
    with pytest.raises(PasswordRequired):
        await invitations.accept_invitation(database, keyring, token=token)
    with pytest.raises(WeakPassword):
        await invitations.accept_invitation(database, keyring, token=token, password="short")
    user, _ = await invitations.accept_invitation(database, keyring, token=token, password=PASSWORD)
    signed_in = await people.sign_in(
        database, redis, keyring, email=email, password=PASSWORD, address=f"{uuid4()}"
    )
    assert signed_in.id == user.id
    shown = (await client.get(f"{TEAM}/{user.id}")).json()["data"]
    assert (shown["email"], shown["role"]) == (email, "EDITOR")
    assert (await client.get(INVITATIONS)).json()["data"] == []
    with pytest.raises(InvalidToken):
        await invitations.accept_invitation(database, keyring, token=token, password=PASSWORD)


async def test_somebody_with_an_account_accepts_with_it(home, make_home, client, token_in_mail):
    elsewhere = await make_home()
    person, other = await elsewhere.make_person("OWNER"), await elsewhere.make_person("OWNER")
    await client.post(INVITATIONS, json={"email": person.user.email, "role": "ADMIN"})
    token = await token_in_mail(person.user.email)
    accept = f"{INVITATIONS}/accept"

    assert code_of(await client.post(accept, json={"token": token})) == (403, "PERSON_REQUIRED")
    assert code_of(await other.client.post(accept, json={"token": token})) == (403, "WRONG_INVITEE")
    response = await person.client.post(accept, json={"token": token})
    assert response.status_code == 200
    joined = response.json()["data"]
    assert (joined["id"], joined["role"]) == (str(home.workspace.id), "ADMIN")
    assert code_of(await client.post(INVITATIONS, json={"email": person.user.email, "role": "VIEWER"})) == (
        409,
        "ALREADY_MEMBER",
    )
    again = await person.client.post(accept, json={"token": token})
    assert again.json()["errors"][0]["code"] == "INVALID_TOKEN"


async def test_a_link_works_once_however_many_follow_it_at_once(client, database, keyring, token_in_mail):
    email = somebody()
    await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})
    token = await token_in_mail(email)
    answers = await asyncio.gather(
        *(
            invitations.accept_invitation(database, keyring, token=token, password=f"{PASSWORD} {number}")
            for number in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, InvalidToken) for answer in answers) == 3


async def test_a_link_leads_nowhere_after_seven_days_or_a_revocation(
    client, database, keyring, token_in_mail, monkeypatch
):
    email = somebody()
    made = (await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})).json()["data"]
    token = await token_in_mail(email)
    late = clock.now() + timedelta(days=7, seconds=1)
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: late)
        with pytest.raises(InvalidToken):
            await invitations.offer_of(database, keyring, token)
        assert (await client.get(f"{INVITATIONS}/{made['id']}")).json()["data"]["status"] == "EXPIRED"
    assert await invitations.offer_of(database, keyring, token)
    assert (await client.delete(f"{INVITATIONS}/{made['id']}")).status_code == 204
    with pytest.raises(InvalidToken):
        await invitations.offer_of(database, keyring, token)
    assert code_of(await client.get(f"{INVITATIONS}/{made['id']}")) == (404, "NOT_FOUND")


async def test_sent_again_the_first_link_is_dead(client, database, keyring, token_in_mail):
    email = somebody()
    made = (await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})).json()["data"]
    first = await token_in_mail(email)
    response = await client.post(f"{INVITATIONS}/{made['id']}/resend")
    assert response.json()["data"]["expires_at"] > made["expires_at"]
    second = await token_in_mail(email)
    with pytest.raises(InvalidToken):
        await invitations.offer_of(database, keyring, first)
    assert await invitations.offer_of(database, keyring, second)


async def test_somebody_is_invited_once_until_the_invitation_expires(client, monkeypatch):
    body = {"email": somebody(), "role": "VIEWER"}
    answers = await asyncio.gather(*(client.post(INVITATIONS, json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert code_of(await client.post(INVITATIONS, json=body)) == (409, "ALREADY_INVITED")
    late = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert (await client.post(INVITATIONS, json=body)).status_code == 201


async def test_an_invitation_into_a_deleted_workspace_leads_nowhere(
    home, client, database, keyring, token_in_mail
):
    email, owner = somebody(), await home.make_person("OWNER")
    await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})
    token = await token_in_mail(email)
    await owner.client.delete(f"/v1/workspaces/{home.workspace.id}")
    with pytest.raises(InvalidToken):
        await invitations.accept_invitation(database, keyring, token=token, password=PASSWORD)


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "a b@example.com", "@example.com"])
async def test_an_invitation_needs_an_address(client, email):
    response = await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})
    assert code_of(response) == (400, "INVALID_REQUEST")
    assert response.json()["errors"][0]["pointer"] == "/email"


@pytest.mark.requirement("B-4")
async def test_the_sandbox_has_no_people(home):
    sandbox = home.open(await home.make_key(mode="test"))
    await home.make_person("OWNER")
    assert (await sandbox.get(TEAM)).json()["data"] == []
    response = await sandbox.post(INVITATIONS, json={"email": somebody(), "role": "VIEWER"})
    assert code_of(response) == (403, "LIVE_CREDENTIAL_REQUIRED")


async def test_a_job_that_comes_too_late_sends_nothing(home, client, work, mails):
    email = somebody()
    made = (await client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})).json()["data"]
    await client.delete(f"{INVITATIONS}/{made['id']}")
    await work("invitations.send")
    assert await mails(email) == []


async def test_what_happens_to_the_team_stands_in_the_log(home, client, database, keyring, token_in_mail):
    owner = await home.make_person("OWNER")
    email = somebody()
    made = (await owner.client.post(INVITATIONS, json={"email": email, "role": "VIEWER"})).json()["data"]
    assert made["invited_by"] == owner.id
    token = await token_in_mail(email)
    user, _ = await invitations.accept_invitation(
        database, keyring, token=token, password=PASSWORD, address="192.0.2.9"
    )
    await owner.client.put(f"{TEAM}/{user.id}", json={"role": "EDITOR"})
    await owner.client.delete(f"{TEAM}/{user.id}")
    entries = (await client.get(f"/v1/audit-log?subject_id={user.id}")).json()["data"]
    assert [(entry["action"], entry["user_id"]) for entry in entries] == [
        ("MEMBER_REMOVED", owner.id),
        ("MEMBER_ROLE_CHANGED", owner.id),
        ("MEMBER_ADDED", str(user.id)),
    ]
    assert entries[1]["details"] == {"before": "VIEWER", "after": "EDITOR"}
    assert entries[2]["address"] == "192.0.2.9"
    assert entries[2]["credential"] is None
    (invited,) = (await client.get(f"/v1/audit-log?subject_id={made['id']}")).json()["data"]
    assert invited["details"] == {"email": email, "role": "VIEWER"}


async def test_a_password_is_reset_by_mail_and_nothing_shows_who_has_an_account(
    home, database, redis, keyring, token_in_mail, mails, work
):
    person = await home.make_person("OWNER")
    nobody = somebody()
    for email in (person.user.email.upper(), nobody, "no address", "\ud800"):
        await people.begin_reset(database, redis, keyring, email=email, address=f"{uuid4()}")
    token = await token_in_mail(person.user.email, "people.send_reset")
    assert await mails(nobody) == []
    user = await people.finish_reset(database, keyring, token=token, password=PASSWORD)
    assert user.id == person.user.id
    await work("people.tell")
    assert "A new password was set" in (await mails(person.user.email))[-1].text
