"""Answers that are kept for as long as the data that they were drawn from stays the same."""
