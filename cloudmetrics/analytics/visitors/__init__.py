"""Visitors: who came, and when."""
