"""Taking the oldest days out of a website's rollups, so that they equal a recount of what remains."""
