"""Metrics: the numbers of a range of days."""
