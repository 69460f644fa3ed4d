"""Erasure: a visitor leaves the raw events and everything that was counted of them."""
