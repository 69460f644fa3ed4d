"""Analytics: what is measured, what happened there, and the numbers drawn from it.

    analytics.websites    websites, their time zones and currencies
    analytics.events      events come in, each with a receipt
    analytics.quota       how many events a workspace may store in a month
    analytics.rollups     the numbers of each day, kept while events come in
    analytics.metrics     numbers of a range of days

Each has the same rooms: models.py, service.py, store.py, queries.sql. The rollups
are all store.
"""
