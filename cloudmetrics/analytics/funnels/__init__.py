"""Funnels: how far visitors go on a way of several steps."""
