"""Plausible traffic, and a bill, for the demo workspace: made from a seed, sent over HTTP."""

from cloudmetrics.demo.loading import LoadResult, load, load_costs
from cloudmetrics.demo.traffic import events

__all__ = ["LoadResult", "events", "load", "load_costs"]
