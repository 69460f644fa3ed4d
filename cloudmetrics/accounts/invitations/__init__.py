"""Invitations: how people come into a workspace."""
