"""What a dashboard shows: the answers of all its widgets, found together."""
