"""Rollups: the numbers of each day, kept in the transaction that stores the events.

    visitor_days         one row per visitor's day, with its first touch
    visitor_day_goals    what else than page views happened on it, by name
    daily_totals         visitor days added up, per day and value of a dimension
    daily_gaps           per day, when its visitors were there before

They say at any moment what a recount of the events would say.
"""
