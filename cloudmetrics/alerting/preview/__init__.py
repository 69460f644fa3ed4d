"""Preview: a rule replayed over the past, before it is saved."""
