"""Dashboards, and whose favourites they are."""
