"""Widgets: what is on a dashboard, where it lies, and what it asks."""
