"""Addresses of the pages that one-time tokens lead to."""

from __future__ import annotations


def password_link(base_url: str, token: str) -> str:
    """Where a person sets a password."""
    return f"{base_url}/account/password?token={token}"


def invitation_link(base_url: str, token: str) -> str:
    """Where a person accepts an invitation."""
    return f"{base_url}/account/invitation?token={token}"
