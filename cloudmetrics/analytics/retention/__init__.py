"""Retention: what is older than a website wants to keep goes, events and all numbers drawn from them."""
