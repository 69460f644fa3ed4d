"""E-mail: what it looks like on the wire, and what becomes of it while its server misbehaves."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from cloudmetrics.platform import mail
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import GiveUp, store
from cloudmetrics.platform.jobs.registry import REGISTRY
from cloudmetrics.platform.mail import InvalidMail, Mail
from cloudmetrics.platform.signing import Keyring
from tests.integration.conftest import SECRET, settings_for
from tests.integration.receiving import make_certificate
from tests.integration.running import free_port
from tests.integration.working import a_job, jobs_left, jobs_of, working
from tests.waiting import eventually

HELLO = Mail("anna@example.com", "Grüße 🙂", "Your link:\n.\nhttps://example.com/reset?token=open-sesame\n")


@pytest.fixture
def settings(fresh_database, stores, tmp_path) -> Settings:
    plain = settings_for(fresh_database, stores.redis_url)
    return replace(plain, data_dir=tmp_path, smtp_security="none", mail_from="metrics@example.com")


@pytest.fixture
async def queue(settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


class Inbox:
    """Takes mail; `answer` says what the server replies to one."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.received: list[Any] = []
        self.bodies: list[bytes] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name.
        self.received.append(envelope)
        self.bodies.append(envelope.content)
        return self.answer


@asynccontextmanager
async def listening(make: Callable[[], asyncio.Protocol], **options: Any) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def queued(queue: Database, letter: Mail = HELLO, **options: Any) -> None:
    async with queue.transaction(NOBODY) as transaction:
        await mail.send_later(transaction, Keyring(SECRET), letter, **options)


def fast_mail():
    """The real job, which rests for a moment only after a failure."""
    return jobs_of(a_job("mail.send", REGISTRY["mail.send"].function, attempts=4, first=0.05))


async def test_a_mail_arrives_once_and_as_it_was_written(settings, queue):
    inbox = Inbox()
    async with listening(lambda: SMTP(inbox)) as port:
        await queued(queue)
        async with working(replace(settings, smtp_host="127.0.0.1", smtp_port=port), fast_mail()):
            await eventually(lambda: bool(inbox.received))
    (envelope,) = inbox.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("metrics@example.com", ["anna@example.com"])
    message = message_from_bytes(envelope.content, policy=default)
    assert message["Subject"] == HELLO.subject
    assert message["From"] == "CloudMetrics <metrics@example.com>"
    assert message["Message-ID"].endswith("@example.com>")
    assert message.get_content().replace("\r\n", "\n") == HELLO.text
    assert await jobs_left(queue) == []


async def test_without_a_server_a_mail_is_a_private_file(settings, queue):
    await queued(queue)
    async with working(settings, fast_mail()):
        await eventually(lambda: mails(settings) != [])
        await eventually(lambda: nothing_left(queue))
    (path,) = mails(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("anna@example.com", HELLO.subject)


async def nothing_left(queue: Database) -> bool:
    return await jobs_left(queue) == []


def mails(settings: Settings) -> list[Path]:
    return list((settings.data_dir / "mail").glob("*.eml"))


async def test_a_mail_delivered_twice_is_one_file(settings):
    for _ in range(2):
        await mail.deliver(settings, HELLO, "0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e11")
    assert len(mails(settings)) == 1


async def test_the_queue_never_shows_what_a_mail_says(queue):
    await queued(queue)
    (row,) = await queue.read_directory("SELECT procrastinate_jobs::text AS text FROM procrastinate_jobs")
    assert "mail.send" in row["text"]
    for secret in ("open-sesame", "anna", "Gr"):
        assert secret not in row["text"]


async def test_a_mail_that_came_too_late_is_dropped(settings, queue):
    await queued(queue, until=datetime.now(UTC) - timedelta(seconds=1))
    await queued(queue, until=datetime.now(UTC) + timedelta(minutes=5))
    async with working(settings, fast_mail()):
        await eventually(lambda: nothing_left(queue))
    assert len(mails(settings)) == 1


class Dropping(SMTP):
    """Takes the mail and then ends the connection instead of saying so."""

    async def smtp_DATA(self, arg):  # noqa: N802 - aiosmtpd's name.
        await self.push("354 Go on")
        while (await self._reader.readline()) != b".\r\n":
            pass
        self.event_handler.answer = "dropped"
        self.transport.abort()


class Silent(asyncio.Protocol):
    """Takes connections and never says a word."""


async def test_a_server_that_takes_a_mail_and_drops_it_gets_it_again_under_the_same_id(settings, queue):
    inbox = Inbox()
    makers = iter([Dropping, SMTP])
    async with listening(lambda: next(makers)(inbox)) as port:
        await queued(queue)
        async with working(replace(settings, smtp_host="127.0.0.1", smtp_port=port), fast_mail()):
            await eventually(lambda: bool(inbox.received))
    assert inbox.answer == "dropped"
    assert len(inbox.received) == 1


async def test_a_server_that_hangs_is_given_up_for_a_later_try(settings, monkeypatch):
    monkeypatch.setattr(mail, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 1000)
    async with listening(Silent) as port:
        hanging = replace(settings, smtp_host="127.0.0.1", smtp_port=port)
        with pytest.raises((TimeoutError, OSError)):
            await mail.deliver(hanging, HELLO, "id")


class Dripping(asyncio.Protocol):
    """Says a little now and then, so that no single wait is long."""

    def connection_made(self, transport):
        self.task = asyncio.ensure_future(self.drip(transport))

    async def drip(self, transport):
        while not transport.is_closing():
            transport.write(b"220-still here\r\n")
            await asyncio.sleep(0.05)


async def test_a_server_that_never_comes_to_an_end_is_given_up_too(settings, monkeypatch):
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.5)
    async with listening(Dripping) as port:
        dripping = replace(settings, smtp_host="127.0.0.1", smtp_port=port)
        with pytest.raises(TimeoutError):
            await mail.deliver(dripping, HELLO, "id")


async def test_a_server_that_is_away_gets_its_mail_when_it_is_back(settings, queue):
    inbox, port = Inbox(), free_port()
    away = replace(settings, smtp_host="127.0.0.1", smtp_port=port)
    patient = jobs_of(a_job("mail.send", REGISTRY["mail.send"].function, attempts=20, first=0.1, longest=0.2))
    async with working(away, patient):
        await queued(queue)
        await asyncio.sleep(0.5)
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", port)
        await eventually(lambda: bool(inbox.received))
        server.close()
    assert len(inbox.received) == 1


@pytest.mark.parametrize(("answer", "final"), [("554 Spam", True), ("451 Later", False), ("250 OK", None)])
async def test_what_the_server_refuses_for_good_is_not_sent_again(settings, answer, final):
    inbox = Inbox(answer)
    async with listening(lambda: SMTP(inbox)) as port:
        there = replace(settings, smtp_host="127.0.0.1", smtp_port=port)
        try:
            await mail.deliver(there, HELLO, "id")
            seen = None
        except Exception as error:
            seen = isinstance(error, GiveUp)
    assert seen is final


async def test_an_unknown_recipient_fails_at_once_and_stays_to_be_seen(settings, queue):
    class Unknown(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            self.bodies.append(address.encode())
            return "550 No such user"

    inbox = Unknown()
    async with listening(lambda: SMTP(inbox)) as port:
        await queued(queue)
        async with working(replace(settings, smtp_host="127.0.0.1", smtp_port=port), fast_mail()):
            await eventually(lambda: is_failed(queue))
    assert inbox.bodies == [b"anna@example.com"]


async def is_failed(queue: Database) -> bool:
    return (await store.numbers(queue)).failed == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def signs_in(server, session, envelope, mechanism, data) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"me", b"secret")
    return AuthResult(success=good)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("trusted", [True, False])
async def test_passwords_and_mail_travel_encrypted_to_a_server_that_is_what_it_says(
    settings, certificate, monkeypatch, security, trusted
):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    inbox = Inbox()
    named = {"authenticator": signs_in, "auth_require_tls": security == "starttls"}
    if security == "starttls":
        make, options = lambda: SMTP(inbox, tls_context=context, require_starttls=True, **named), {}
    else:
        make, options = lambda: SMTP(inbox, **named), {"ssl": context}
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with listening(make, **options) as port:
        there = replace(
            settings,
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security=security,
            smtp_username="me",
            smtp_password="secret",
        )
        if trusted:
            await mail.deliver(there, HELLO, "id")
        else:
            with pytest.raises(Exception, match="certificate"):
                await mail.deliver(there, HELLO, "id")
    assert len(inbox.received) == int(trusted)


async def test_a_server_without_encryption_gets_no_mail_that_wants_it(settings):
    inbox = Inbox()
    async with listening(lambda: SMTP(inbox)) as port:
        plain = replace(settings, smtp_host="127.0.0.1", smtp_port=port, smtp_security="starttls")
        with pytest.raises(Exception, match=r"(?i)starttls"):
            await mail.deliver(plain, HELLO, "id")
    assert inbox.received == []


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.com\r\nBcc: eve@example.com",
        "anna@example.com\nBcc: eve@example.com",
        "anna@example.com, eve@example.com",
        "anna@example.com eve@example.com",
        "Anna <anna@example.com>",
        '"a b"@example.com ',
        "anna@example.com>",
        "anna",
        "@example.com",
        "anna@",
        "anna@exa\x00mple.com",
        "anna@example.com\u2028x",
        "",
        "a" * 300 + "@example.com",
        "\ud800@example.com",
    ],
)
def test_no_address_adds_a_header_or_a_recipient(address):
    with pytest.raises(InvalidMail):
        Mail(address, "Hello", "text")


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: e@e.com", "a\nb", "a\x0bb", "a\x85b", "a\u2028b", "", "x" * 201]
)
def test_no_subject_adds_a_header(subject):
    with pytest.raises(InvalidMail):
        Mail("anna@example.com", subject, "text")


def test_a_text_that_cannot_be_encoded_is_refused():
    with pytest.raises(InvalidMail):
        Mail("anna@example.com", "Hello", "\ud800")


async def test_text_cannot_end_the_mail_early(settings):
    inbox = Inbox()
    hostile = "one\r\n.\r\nMAIL FROM:<eve@example.com>\n.\nRCPT TO:<x@example.com>\r.\rQUIT\n"
    async with listening(lambda: SMTP(inbox)) as port:
        await mail.deliver(
            replace(settings, smtp_host="127.0.0.1", smtp_port=port),
            Mail("anna@example.com", "Hello", hostile),
            "id",
        )
    (envelope,) = inbox.received
    assert "MAIL FROM:<eve@example.com>" in message_from_bytes(envelope.content, policy=default).get_content()


def test_seals_are_bound_to_their_purpose_and_differ_each_time():
    keyring = Keyring(SECRET)
    sealed = keyring.seal("mail", b"message")
    assert keyring.unseal("mail", sealed) == b"message"
    assert keyring.seal("mail", b"message") != sealed
    for purpose, other in [("cursor", sealed), ("mail", sealed[:-1]), ("mail", b""), ("mail", sealed[::-1])]:
        with pytest.raises(ValueError, match="seal"):
            keyring.unseal(purpose, other)
