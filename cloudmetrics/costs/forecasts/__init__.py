"""Forecasts: what a month is going to cost."""
