"""Versions of workspaces: each commit of a tenant's transaction leaves another, events aside."""
