"""Dashboards that are ready-made, to begin with."""
