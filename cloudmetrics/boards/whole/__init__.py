"""Dashboards that are made with everything on them at once."""
