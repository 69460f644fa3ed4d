"""The event log: what was sent, as it is stored."""
