"""Deliveries: what is told through channels, each once for one cause, and how it went."""
