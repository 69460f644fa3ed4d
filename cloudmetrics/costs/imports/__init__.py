"""Imports of bills: what was sent, and what became of it."""
