"""Plausible traffic for the demo workspace: made from a seed, sent over HTTP."""

from cloudmetrics.demo.loading import LoadResult, load
from cloudmetrics.demo.traffic import events

__all__ = ["LoadResult", "events", "load"]
