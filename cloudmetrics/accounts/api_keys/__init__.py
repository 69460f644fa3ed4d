"""API keys: made, shown once, and recognised."""
