"""History: what became of a rule, newest first."""
