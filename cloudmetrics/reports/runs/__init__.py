"""Reports at work: each run counts, draws, and is delivered."""
