"""Revenue: where the money came from."""
