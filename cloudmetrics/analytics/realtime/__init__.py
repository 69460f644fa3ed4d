"""Realtime: who is there now."""
