"""What happens around every handler: answers have ETags, writes have conditions and can be repeated.

    etags.py       what an answer holds, in short, and whether a client knows it
    models.py      a kept answer, and why a write is refused
    store.py       kept answers in PostgreSQL, in the transaction of the write
    versions.py    which answers cannot have changed, without asking for them
    service.py     the order of it all
    jobs.py        forgets kept answers

docs/adr/0028-writing-once.md says why it is done like this.
"""
