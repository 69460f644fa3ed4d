"""Dashboards as documents: taken out of one workspace, and brought into the same or another."""
