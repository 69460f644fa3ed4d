"""What all peers answer, and what they are asked."""

from pathlib import Path
from typing import Any

import orjson
import yaml

CONTRACT = Path(__file__).parents[1] / "contract.yaml"
WEBSITE_ID = "0198c7a2-6f00-7d3a-9c41-2b7f5d1e0a34"

GOALS: list[dict[str, Any]] = [
    {
        "id": f"0198c7a2-6f00-7d3a-9c41-{number:012}",
        "name": f"Goal {number}",
        "status": "ACTIVE",
        "event_name": "signup",
        "target": 100 * number,
        "conversion_rate": None if number % 10 == 3 else number / 100,
        "created_at": "2026-03-18T14:23:05Z",
    }
    for number in range(100)
]

EVENTS: list[dict[str, Any]] = [
    {
        "id": f"evt-{number:06}",
        "name": "purchase" if number % 10 == 0 else "pageview",
        "timestamp": "2026-03-18T14:23:05.250Z",
        "website_id": WEBSITE_ID,
        "visitor_id": f"visitor-{number % 37}",
        "url": f"https://shop.example/products/{number}?utm_source=newsletter",
        "source": "newsletter",
        "device": "mobile",
        "country": "DE",
        **({"revenue": {"amount_minor": 4_900, "currency": "EUR"}} if number % 10 == 0 else {}),
    }
    for number in range(100)
]

# Without a limit the answer is a page of 100, the size that the API's lists have unless asked otherwise.
GET_PATH = f"/v1/websites/{WEBSITE_ID}/goals?status=ACTIVE&created_since=2026-01-01"
SMALL_GET_PATH = f"{GET_PATH}&limit=10"
POST_PATH = "/v1/events"
POST_BODY = orjson.dumps({"events": EVENTS})


def goal_list(limit: int) -> dict[str, Any]:
    """The answer to a list of goals."""
    return {"data": GOALS[:limit], "pagination": {"next_cursor": None, "has_more": limit < len(GOALS)}}


def receipts(ids: list[str]) -> dict[str, Any]:
    """The answer to a batch of events."""
    return {
        "accepted": len(ids),
        "receipts": [{"id": each, "status": "ACCEPTED", "code": None} for each in ids],
    }


def contract_3_0() -> dict[str, Any]:
    """The contract in the words of OpenAPI 3.0, for stock Connexion."""
    document: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    document["openapi"] = "3.0.3"
    _spell_nullable(document)
    return document


def _spell_nullable(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("type"), list):
            (node["type"],) = set(node["type"]) - {"null"}
            node["nullable"] = True
        for child in node.values():
            _spell_nullable(child)
    elif isinstance(node, list):
        for child in node:
            _spell_nullable(child)
