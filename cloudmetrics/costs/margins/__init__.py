"""Margins: what websites earn, cost, and leave over, in one question."""
