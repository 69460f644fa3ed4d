"""Limits of a workspace's own, which stand in place of its plan's."""
