"""Who is signed in, in which browser."""
