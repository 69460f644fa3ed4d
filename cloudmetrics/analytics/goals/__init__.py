"""Goals: what visitors are wanted to do."""
