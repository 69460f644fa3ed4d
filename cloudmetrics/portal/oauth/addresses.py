"""Where a request to a page comes from."""

from __future__ import annotations

from flask import request


def client_address() -> str:
    """The address of whoever is connected to us."""
    return request.remote_addr or "unknown"
