"""E-mail: through an SMTP server where one is set, else into a folder, as files that mail programs open.

A mail is sent by a job, so it leaves only if the transaction that caused it was
committed, and it leaves although the server was away at first. Its row is sealed,
because a mail may hold a link that opens an account, and gone once it is sent.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import orjson

from cloudmetrics.platform import clock
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.jobs import GiveUp, JobContext, Retry, defer, job
from cloudmetrics.platform.signing import Keyring

logger = logging.getLogger(__name__)

PURPOSE = "mail"
# For one answer of the server, and for all of them together.
ANSWER_SECONDS = 20.0
TOTAL_SECONDS = 60.0
LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 200
# Pauses of 30 s, growing to 2 h: a server may be away for half a day.
PATIENCE = Retry(attempts=11, first=30, longest=7200)


class InvalidMail(ValueError):
    """The mail cannot be sent to anybody; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of plain text to one person. Raises InvalidMail where a header would not be what it seems."""

    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        if not self.subject or len(self.subject) > LONGEST_SUBJECT or not self.subject.isprintable():
            raise InvalidMail(f"A subject is one line of 1 to {LONGEST_SUBJECT} characters.")
        try:
            self.text.encode()
            address = Address(addr_spec=self.to)
        except (ValueError, IndexError, MessageError):
            raise InvalidMail("The mail has no address or text that can be sent.") from None
        # The parser takes quoted and spaced forms too, of which no mailbox is in need.
        if address.addr_spec != self.to or not self.to.isprintable() or len(self.to) > LONGEST_ADDRESS:
            raise InvalidMail("The address is none that mail can be sent to.")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `media_type` is written like application/pdf."""

    name: str
    media_type: str
    content: bytes


async def send_later(
    transaction: Transaction, keyring: Keyring, mail: Mail, *, until: datetime | None = None
) -> None:
    """Sends a mail once the transaction is committed, or drops it at `until`, when it is worth nothing."""
    letter = {"mail": asdict(mail), "id": str(new_id()), "until": until}
    sealed = base64.b64encode(keyring.seal(PURPOSE, orjson.dumps(letter))).decode()
    await defer(transaction, "mail.send", sealed=sealed)


@job("mail.send", retry=PATIENCE)
async def send(context: JobContext, *, sealed: str) -> None:
    letter = orjson.loads(context.keyring.unseal(PURPOSE, base64.b64decode(sealed)))
    until = letter["until"]
    if until is not None and clock.now() > datetime.fromisoformat(until):
        logger.warning("mail dropped, since it came too late", extra={"job_id": context.job_id})
        return
    await deliver(context.settings, Mail(**letter["mail"]), letter["id"])


async def deliver(
    settings: Settings, mail: Mail, letter_id: str, attachments: Sequence[Attachment] = ()
) -> None:
    """Hands a mail over. Raises GiveUp where the server refuses it for good, and other errors else.

    A worker that dies right after may hand the mail over again; as its id is the
    same, mail programs show it once, and in the folder it is one file.
    """
    message = compose(settings, mail, letter_id, attachments)
    if settings.smtp_host:
        async with asyncio.timeout(TOTAL_SECONDS):
            await hand_over(settings, message)
    else:
        await asyncio.to_thread(write, settings.data_dir / "mail", letter_id, message)


def compose(
    settings: Settings, mail: Mail, letter_id: str, attachments: Sequence[Attachment] = ()
) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address("CloudMetrics", addr_spec=settings.mail_from)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{letter_id}@{settings.mail_from.rpartition('@')[2]}>"
    # No robot shall answer a robot.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    for each in attachments:
        kind, _, subtype = each.media_type.partition("/")
        message.add_attachment(each.content, maintype=kind, subtype=subtype, filename=each.name)
    return message


async def hand_over(settings: Settings, message: EmailMessage) -> None:
    security = SECURITY[settings.smtp_security]
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        timeout=ANSWER_SECONDS,
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        use_tls=security["use_tls"],
        start_tls=security["start_tls"],
    )
    try:
        async with client:
            await client.send_message(message)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        if all(is_final(each) for each in refused.recipients):
            raise GiveUp("The mail server knows no such recipient.") from None
        raise
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        if is_final(error):
            raise GiveUp(f"The mail server refuses the mail ({error.code}).") from None
        raise
    except aiosmtplib.SMTPNotSupported as error:
        raise GiveUp("The mail server cannot carry the mail.") from error


SECURITY: Mapping[str, Mapping[str, bool]] = {
    "starttls": {"use_tls": False, "start_tls": True},
    "tls": {"use_tls": True, "start_tls": False},
    "none": {"use_tls": False, "start_tls": False},
}


def is_final(error: aiosmtplib.SMTPResponseException) -> bool:
    return error.code >= 500


def write(folder: Path, letter_id: str, message: EmailMessage) -> None:
    """Writes a mail as a file that only its owner may read, whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{letter_id}.unfinished"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / f"{letter_id}.eml")
