-- name: lock_website
-- Keeps batches of the website out, as they keep each other out, so that what is read
-- here stays true until it is taken out. A deleted website forgets people too.
SELECT edition
FROM websites
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND purged_at IS NULL
FOR NO KEY UPDATE;

-- name: take_totals
-- A cell that only this visitor was in goes as a whole: its value may be what gives them away.
MERGE INTO daily_totals AS total
USING (
    SELECT
        workspace_id, website_id, edition, dimension, value, day,
        count(*) AS visitors, sum(events) AS events, sum(pageviews) AS pageviews, sum(sales) AS sales,
        sum(revenue) AS revenue, sum(visits) AS visits, sum(bounces) AS bounces, sum(visit_us) AS visit_us
    FROM visitor_days
    CROSS JOIN LATERAL (
        VALUES
            ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
            ('browser', browser), ('system', system), ('country', country)
    ) AS cell (dimension, value)
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
    GROUP BY workspace_id, website_id, edition, dimension, value, day
) AS gone
ON total.workspace_id = gone.workspace_id AND total.website_id = gone.website_id
    AND total.edition = gone.edition AND total.dimension = gone.dimension
    AND total.value = gone.value AND total.day = gone.day
WHEN MATCHED AND total.visitors <= gone.visitors THEN DELETE
WHEN MATCHED THEN UPDATE SET
    visitors = total.visitors - gone.visitors, events = total.events - gone.events,
    pageviews = total.pageviews - gone.pageviews, sales = total.sales - gone.sales,
    revenue = total.revenue - gone.revenue, visits = total.visits - gone.visits,
    bounces = total.bounces - gone.bounces, visit_us = total.visit_us - gone.visit_us;

-- name: take_cube
MERGE INTO daily_cube AS present
USING (
    SELECT
        workspace_id, website_id, edition, day,
        cell_of(source, medium, campaign, device, browser, system, country) AS cell,
        1 AS visitors, events, pageviews, sales, revenue, visits, bounces, visit_us
    FROM visitor_days
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
) AS gone
ON present.workspace_id = gone.workspace_id AND present.website_id = gone.website_id
    AND present.edition = gone.edition AND present.day = gone.day AND present.cell = gone.cell
WHEN MATCHED AND present.visitors <= gone.visitors THEN DELETE
WHEN MATCHED THEN UPDATE SET
    visitors = present.visitors - gone.visitors, events = present.events - gone.events,
    pageviews = present.pageviews - gone.pageviews, sales = present.sales - gone.sales,
    revenue = present.revenue - gone.revenue, visits = present.visits - gone.visits,
    bounces = present.bounces - gone.bounces, visit_us = present.visit_us - gone.visit_us;

-- name: take_gaps
MERGE INTO daily_gaps AS gap
USING (
    SELECT
        workspace_id, website_id, edition, dimension, value, day, previous_day, count(*) AS visitors
    FROM (
        SELECT
            workspace_id, website_id, edition, dimension, value, day,
            coalesce(lag(day) OVER earlier, '-infinity') AS previous_day
        FROM visitor_days
        CROSS JOIN LATERAL (
            VALUES
                ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign),
                ('device', device), ('browser', browser), ('system', system), ('country', country)
        ) AS cell (dimension, value)
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
        WINDOW earlier AS (PARTITION BY edition, dimension, value ORDER BY day)
    ) AS links
    GROUP BY workspace_id, website_id, edition, dimension, value, day, previous_day
) AS gone
ON gap.workspace_id = gone.workspace_id AND gap.website_id = gone.website_id
    AND gap.edition = gone.edition AND gap.dimension = gone.dimension AND gap.value = gone.value
    AND gap.day = gone.day AND gap.previous_day = gone.previous_day
WHEN MATCHED AND gap.visitors <= gone.visitors THEN DELETE
WHEN MATCHED THEN UPDATE SET visitors = gap.visitors - gone.visitors;

-- name: find_events
-- At the times of the visitor's visits, which takes no index of events by visitor. OFFSET 0
-- keeps the planner from looking through all events for the visitor instead: it does not
-- know how short visits are.
SELECT found.event_id
FROM visits AS visit
CROSS JOIN LATERAL (
    SELECT event_id
    FROM events
    WHERE workspace_id = visit.workspace_id
      AND website_id = visit.website_id
      AND occurred_at BETWEEN visit.started_at AND visit.ended_at
      AND visitor_id = visit.visitor_id
    OFFSET 0
) AS found
WHERE visit.workspace_id = %(workspace_id)s
  AND visit.website_id = %(website_id)s
  AND visit.visitor_id = %(visitor_id)s;

-- name: take_pages
-- Of an edition that is being drawn, only what has been counted in it.
MERGE INTO page_days AS present
USING (
    SELECT
        event.workspace_id, event.website_id, drawn.edition,
        (event.occurred_at AT TIME ZONE drawn.timezone)::date AS day, event.page,
        count(*) AS events, count(*) FILTER (WHERE event.name = 'pageview') AS pageviews,
        count(event.revenue_minor) AS sales, coalesce(sum(event.revenue_minor), 0) AS revenue
    FROM events AS event
    CROSS JOIN LATERAL (
        SELECT edition, timezone
        FROM websites
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        UNION ALL
        SELECT edition, timezone
        FROM rollup_builds
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
          AND (event.occurred_at, event.event_id) <= (reached_at, reached_id)
    ) AS drawn
    WHERE event.workspace_id = %(workspace_id)s
      AND event.event_id = ANY(%(event_ids)s)
      AND event.page IS NOT NULL
    GROUP BY event.workspace_id, event.website_id, drawn.edition, day, event.page
) AS gone
ON present.workspace_id = gone.workspace_id AND present.website_id = gone.website_id
    AND present.edition = gone.edition AND present.day = gone.day AND present.page = gone.page
WHEN MATCHED AND present.events <= gone.events THEN DELETE
WHEN MATCHED THEN UPDATE SET
    events = present.events - gone.events, pageviews = present.pageviews - gone.pageviews,
    sales = present.sales - gone.sales, revenue = present.revenue - gone.revenue;

-- name: delete_day_events
-- Of all editions, by the names and the days of the events, which the key begins with. In
-- whichever time zone, the day of an event is that of UTC or one beside it.
DELETE FROM visitor_day_events AS present
USING (
    SELECT DISTINCT name, (occurred_at AT TIME ZONE 'UTC')::date + shift AS day
    FROM events CROSS JOIN (VALUES (-1), (0), (1)) AS beside (shift)
    WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(event_ids)s) AND name <> 'pageview'
) AS done, (
    SELECT edition FROM websites
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    UNION
    SELECT edition FROM rollup_builds
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
    UNION
    SELECT edition FROM stale_editions
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s
) AS drawn
WHERE present.workspace_id = %(workspace_id)s AND present.website_id = %(website_id)s
  AND present.edition = drawn.edition AND present.name = done.name
  AND present.day = done.day AND present.visitor_id = %(visitor_id)s;

-- name: delete_events
WITH gone AS (
    DELETE FROM events
    WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(event_ids)s)
    RETURNING event_id
)
SELECT count(*) AS removed FROM gone;

-- name: delete_visits
-- `events` are those that the visits know of.
WITH gone AS (
    DELETE FROM visits
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
    RETURNING events
)
SELECT count(*) AS visits, coalesce(sum(events), 0)::bigint AS events FROM gone;

-- name: delete_days
-- Of all editions; those of the one that answers are counted.
WITH gone AS (
    DELETE FROM visitor_days
    WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
    RETURNING edition
)
SELECT count(*) FILTER (WHERE edition = %(edition)s) AS days FROM gone;

-- name: remaining_counts
SELECT
    (
        SELECT count(*) FROM visits
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
    ) AS visits,
    (
        SELECT count(*) FROM visitor_days
        WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND visitor_id = %(visitor_id)s
    ) AS days;
