"""The event quota: how many events a workspace may store in a calendar month."""
