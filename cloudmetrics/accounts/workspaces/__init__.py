"""Workspaces: the homes of all else, each with a sandbox beside it."""
