"""How much a caller may do: the numbers that the gateway and the areas hold them to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests per so many seconds on average, and that many at once."""

    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """A workspace's numbers. All but `requests` and `events` are requests in any 60 seconds.

    requests    of one credential that is no person's: its bucket
    workspace   of all its credentials together
    user        of one person; of them at most `reads` that read and `writes` that write
    agent       of one credential to the assistant, whose answers cost the most
    ingest      that bring events, of the whole workspace; the other numbers do not count them
    events      stored in a calendar month, in UTC
    """

    requests: Rate
    ingest: int
    events: int
    workspace: int = 1_000
    user: int = 300
    reads: int = 200
    writes: int = 50
    agent: int = 10
