"""Limits: how many requests a caller may make, held to by all workers together.

    rules.py       which limits a request has to keep, and their numbers
    buckets.lua    how they are counted, in Redis
    local.py       the same in this process, for as long as Redis is away
    store.py       all requests of one turn of the event loop go to Redis together
    service.py     admits a request or refuses it, and tells in headers how it stands

docs/adr/0023-limits.md says why they are counted as they are.
"""
