"""`make dev`: the service while it is written, and what writes the first lines of it.

A spec file or a handler that is saved is live in the process that runs, a moment later;
what is broken is told as `file:line:column: what; how to mend it`, and the last sound
state goes on serving. Nothing of this is imported in production.
"""
