"""One command for each figure that the README claims: `make bench`."""
