"""Enrichment: what an event leaves unsaid, read off its URL, its referrer and its user agent."""
