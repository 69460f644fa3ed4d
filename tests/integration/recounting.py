"""What each rollup has to hold, counted from the events in another way than the service does."""

from uuid import UUID

import psycopg

DIMENSIONS = "(VALUES ('all', ''), ('source', source), ('device', device), ('country', country))"

# The first touch by sorting, where the service aggregates.
VISITOR_DAYS = """
    SELECT DISTINCT ON (website_id, visitor_id, day)
        website_id, day, visitor_id, occurred_at AS first_at, event_id AS first_id,
        coalesce(source, '') AS source, coalesce(device, '') AS device, coalesce(country, '') AS country,
        count(*) OVER same AS events,
        count(*) FILTER (WHERE name = 'pageview') OVER same AS pageviews,
        count(revenue_minor) OVER same AS sales,
        coalesce(sum(revenue_minor) OVER same, 0) AS revenue
    FROM (
        SELECT event.*, (occurred_at AT TIME ZONE timezone)::date AS day
        FROM events AS event JOIN websites USING (workspace_id, website_id)
        WHERE workspace_id = %(workspace_id)s
    ) AS dated
    WINDOW same AS (PARTITION BY website_id, visitor_id, day)
    ORDER BY website_id, visitor_id, day, occurred_at, event_id
"""

RECOUNTS = {
    "visitor_days": VISITOR_DAYS,
    "visitor_day_goals": """
        SELECT DISTINCT website_id, event.name, (occurred_at AT TIME ZONE timezone)::date AS day, visitor_id
        FROM events AS event JOIN websites USING (workspace_id, website_id)
        WHERE workspace_id = %(workspace_id)s AND event.name <> 'pageview'
    """,
    "daily_totals": f"""
        SELECT website_id, dimension, value, day, count(*) AS visitors, sum(events) AS events,
            sum(pageviews) AS pageviews, sum(sales) AS sales, sum(revenue) AS revenue
        FROM ({VISITOR_DAYS}) AS day CROSS JOIN LATERAL {DIMENSIONS} AS cell (dimension, value)
        GROUP BY website_id, dimension, value, day
    """,
    "daily_gaps": f"""
        WITH present AS MATERIALIZED (
            SELECT website_id, visitor_id, day, dimension, value
            FROM ({VISITOR_DAYS}) AS day CROSS JOIN LATERAL {DIMENSIONS} AS cell (dimension, value)
        )
        SELECT website_id, dimension, value, day, previous_day, count(*) AS visitors
        FROM (
            SELECT *, coalesce((
                SELECT max(earlier.day) FROM present AS earlier
                WHERE earlier.day < present.day
                  AND (earlier.website_id, earlier.visitor_id, earlier.dimension, earlier.value)
                    = (present.website_id, present.visitor_id, present.dimension, present.value)
            ), '-infinity') AS previous_day
            FROM present
        ) AS linked
        GROUP BY website_id, dimension, value, day, previous_day
    """,
}


def differences(database_url: str, workspace_id: UUID) -> dict[str, list[str]]:
    """Rollup → rows that it lacks, or has and should not. `database_url` is of somebody with all rights."""
    found = {}
    with psycopg.connect(database_url) as connection:
        for rollup, recount in RECOUNTS.items():
            # Cells that were left by all their visitors may stay behind, empty.
            kept = " AND visitors <> 0" if rollup.startswith("daily") else ""
            columns = connection.execute(f"SELECT * FROM {rollup} LIMIT 0").description or []
            names = ", ".join(column.name for column in columns if column.name != "workspace_id")
            present = f"SELECT {names} FROM {rollup} WHERE workspace_id = %(workspace_id)s{kept}"
            right = f"SELECT {names} FROM ({recount}) AS recount"
            rows = connection.execute(
                f"SELECT 'extra ' || extra::text FROM ({present} EXCEPT ALL {right}) AS extra"
                f" UNION ALL SELECT 'lacks ' || lacks::text FROM ({right} EXCEPT ALL {present}) AS lacks",
                {"workspace_id": workspace_id},
            ).fetchall()
            if rows:
                found[rollup] = [row[0] for row in rows]
    return found


def rollup_sizes(database_url: str, workspace_id: UUID) -> dict[str, int]:
    """Rollup → how many rows it has."""
    with psycopg.connect(database_url) as connection:
        return {
            rollup: connection.execute(
                f"SELECT count(*) FROM {rollup} WHERE workspace_id = %s", [workspace_id]
            ).fetchone()[0]
            for rollup in RECOUNTS
        }
