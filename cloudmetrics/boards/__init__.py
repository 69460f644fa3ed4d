"""Dashboards: questions that a team shares.

ranges.py     days that move on with the calendar, such as the last 30
dashboards/   dashboards themselves, and whose favourites they are
widgets/      what is on a dashboard: where it lies, what it asks, and whether that makes sense
showing/      the answers of all widgets of a dashboard, together
share_links/  links that show a dashboard to whoever has them
templates/    dashboards that are ready-made, to begin with
whole/        dashboards made with everything on them at once: of templates and copies
transfer/     dashboards as documents, from one workspace to another
relations.py  what dashboards are related to: what `expand` can name
"""
