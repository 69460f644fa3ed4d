"""What a report asks, when, and who gets it."""
