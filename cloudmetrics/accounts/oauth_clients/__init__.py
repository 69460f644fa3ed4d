"""OAuth clients: the programs that may ask for access."""
