"""Dashboards: questions that a team shares.

ranges.py     days that move on with the calendar, such as the last 30
dashboards/   dashboards themselves, and whose favourites they are
widgets/      what is on a dashboard: where it lies, what it asks, and whether that makes sense
showing/      the answers of all widgets of a dashboard, together
"""
