"""The page that a share link leads to: a dashboard for people, without scripts."""

from cloudmetrics.portal.shared.pages import add_shared

__all__ = ["add_shared"]
