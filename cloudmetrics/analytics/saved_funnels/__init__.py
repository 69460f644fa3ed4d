"""Funnels that were given a name, so that they can be asked again."""
