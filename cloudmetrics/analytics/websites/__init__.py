"""Websites: what is being measured."""
