"""The alerts of a demo workspace, so that there is something to look at, and something fires in time."""

from collections.abc import Iterator, Mapping
from typing import Any

USUAL: Mapping[str, Any] = {
    "enabled": True,
    "fire_after": 1,
    "resolve_after": 3,
    "delay_minutes": 1,
    "channels": [],
}


def alerts_of(website_id: str) -> Iterator[dict[str, Any]]:
    """Bodies of create-alert, defaults filled in. The traffic ends at some time, so the last one fires."""

    def source(metric: str) -> dict[str, Any]:
        return {"kind": "METRIC", "metric": metric, "website_id": website_id}

    falling = {"compare": "PREVIOUS_WEEK", "direction": "BELOW", "threshold": -0.3}
    yield {
        **USUAL,
        "name": "Yesterday earned a third less than a week before",
        "condition": {"kind": "CHANGE", "source": source("revenue"), "window": "YESTERDAY", **falling},
    }
    yield {
        **USUAL,
        "name": "Page views unlike this hour of other weeks",
        "condition": {"kind": "ANOMALY", "source": source("pageviews"), "window": "FULL_HOUR"},
    }
    yield {
        **USUAL,
        "name": "Nobody comes any more",
        "condition": {"kind": "ABSENCE", "source": source("pageviews"), "window": "LAST_HOUR"},
    }
