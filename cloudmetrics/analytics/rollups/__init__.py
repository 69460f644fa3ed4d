"""Rollups: the numbers of each day, kept in the transaction that stores the events.

    visits                one row per visit, whatever the time zone
    visitor_days          one row per visitor's day, with its first touch
    visitor_day_events    what else than page views happened on it, by name
    page_days             what happened on a page on a day
    daily_totals          visitor days added up, per day and value of a dimension
    daily_cube            visitor days added up, per day and value of every dimension
    daily_gaps            per day, when its visitors were there before

They say at any moment what a recount of the events would say. All but visits depend
on the website's time zone, and belong to an edition; `websites.edition` names the one
that answers.
"""
