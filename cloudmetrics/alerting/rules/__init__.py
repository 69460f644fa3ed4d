"""Rules: what is watched, when that is a reason to fire, and whom to tell."""
