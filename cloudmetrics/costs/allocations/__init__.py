"""Allocations: the tags by which costs belong to websites."""
