"""What is told: one message, and how it looks by e-mail, in Slack and as a signed webhook."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.alerting.channels.webhook_secrets import standard_key
from cloudmetrics.alerting.rules.models import Rule
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.mail import LONGEST_SUBJECT, Mail

Message = Mapping[str, Any]

TEST = "alert.test"
HEADLINES = {
    "alert.fired": "Alert firing",
    "alert.resolved": "Alert resolved",
    TEST: "Test of an alert channel",
}


def of_rule(rule: Rule, kind: str, now: datetime, incident_id: UUID, told: Mapping[str, Any]) -> Message:
    """About a rule; `told` is what the evaluation saw: value, signal, threshold and more of its kind."""
    return {
        "type": kind,
        "created": iso(now),
        "data": {
            "alert": {"id": str(rule.id), "name": rule.terms.name},
            "incident_id": str(incident_id),
            "condition": dict(rule.terms.condition),
            **told,
        },
    }


def of_test(name: str, now: datetime) -> Message:
    return {"type": TEST, "created": iso(now), "data": {"channel": {"name": name}}}


def webhook_body(delivery_id: UUID, message: Message) -> bytes:
    return orjson.dumps({"id": str(delivery_id), **message})


def webhook_headers(delivery_id: UUID, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The headers of a signed webhook, after Standard Webhooks: what is signed is id.timestamp.body.

    It is signed twice: for libraries of Standard Webhooks, and in a way that needs none.
    """
    timestamp = str(int(now.timestamp()))
    signed = b".".join([str(delivery_id).encode(), timestamp.encode(), body])
    signature = hmac.digest(secret.encode(), signed, sha256).hex()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "CloudMetrics-Alerts/1",
        "Webhook-Id": str(delivery_id),
        "Webhook-Timestamp": timestamp,
        "X-Signature": f"sha256={signature}",
    }
    if key := standard_key(secret):
        headers["Webhook-Signature"] = f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"
    return headers


def slack_body(message: Message) -> bytes:
    return orjson.dumps({"text": _escaped(_text(message))})


SLACK_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "CloudMetrics-Alerts/1"}


def mail(to: str, message: Message) -> Mail:
    subject = f"{HEADLINES[message['type']]}: {_one_line(_name(message))}"
    footer = "\nYou get this because an alert of your workspace on CloudMetrics tells this address.\n"
    return Mail(to, subject[:LONGEST_SUBJECT], _text(message) + footer)


def _text(message: Message) -> str:
    data, lines = message["data"], [f"{HEADLINES[message['type']]}: {_one_line(_name(message))}"]
    if message["type"] != TEST:
        lines += [
            f"Watched: {_watched(data['condition'])}",
            f"Value: {_number(data['value'])}",
            f"Compared: {_number(data['signal'])} with a threshold of {_number(data['threshold'])}",
        ]
    lines.append(f"At: {message['created']}")
    return "\n".join(lines) + "\n"


def _watched(condition: Mapping[str, Any]) -> str:
    if condition["kind"] == "BUDGET":
        return f"the part of a budget that is {condition['measure'].lower()}"
    return f"{condition['source'].get('metric', 'cost')}, {condition['window']}"


def _name(message: Message) -> str:
    data = message["data"]
    name: str = data.get("alert", data.get("channel"))["name"]
    return name


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.10g}"


def _escaped(text: str) -> str:
    """As Slack wants it, in which nobody can hide a link or call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    """Names that others chose must not look like lines of ours."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:100]
