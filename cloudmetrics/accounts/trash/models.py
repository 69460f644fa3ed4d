"""Until when what is deleted can be restored."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloudmetrics.platform.clock import iso

GRACE = timedelta(days=30)


def shown(deleted_at: datetime | None) -> dict[str, str | None]:
    """What things that can be restored say of it: when they were deleted, and until when it can be undone."""
    return {
        "deleted_at": iso(deleted_at) if deleted_at else None,
        "removed_after": iso(deleted_at + GRACE) if deleted_at else None,
    }
