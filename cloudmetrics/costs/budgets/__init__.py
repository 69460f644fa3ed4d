"""Budgets: what a month may cost, and how it stands."""
