-- What goes lies before `begins`, the moment at which `day` begins in the website's time zone.
-- No statement reads and writes the same table, because a distributed PostgreSQL runs the
-- parts of such a statement in another order than a single one.

-- name: cut_visits
-- Visits that go on across that moment, as they are without what lies before. What remains of
-- one is still one, since its events are as close to each other as before. Only what goes is
-- counted, and then the first event and page view are looked for, because a visit may be long.
WITH crossing AS (
    SELECT visits.*
    FROM visits
    WHERE
        workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        AND started_at < %(begins)s AND ended_at >= %(begins)s
),
gone AS (
    SELECT
        visitor_id,
        count(*) AS events,
        count(*) FILTER (WHERE name = 'pageview') AS pageviews,
        count(revenue_minor) AS sales,
        coalesce(sum(revenue_minor), 0) AS revenue
    FROM crossing
    JOIN (
        SELECT visitor_id, occurred_at, name, revenue_minor
        FROM events
        WHERE
            workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND occurred_at < %(begins)s
    ) AS event USING (visitor_id)
    WHERE occurred_at >= started_at
    GROUP BY visitor_id
)
SELECT
    visitor_id, first.occurred_at AS started_at, ended_at,
    (first.occurred_at AT TIME ZONE %(timezone)s)::date AS day, first.event_id AS first_id,
    crossing.events - gone.events AS events,
    crossing.pageviews - gone.pageviews AS pageviews,
    crossing.sales - gone.sales AS sales,
    (crossing.revenue - gone.revenue)::text AS revenue,
    entry.occurred_at AS entry_at, entry.event_id AS entry_id, entry.page AS entry_page,
    CASE WHEN entry.event_id IS NOT NULL THEN exit_at END AS exit_at,
    CASE WHEN entry.event_id IS NOT NULL THEN exit_id END AS exit_id,
    CASE WHEN entry.event_id IS NOT NULL THEN exit_page END AS exit_page
FROM crossing
JOIN gone USING (visitor_id)
CROSS JOIN LATERAL (
    SELECT occurred_at, event_id
    FROM events
    WHERE
        workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        AND occurred_at BETWEEN %(begins)s AND crossing.ended_at AND visitor_id = crossing.visitor_id
    ORDER BY occurred_at, event_id
    LIMIT 1
) AS first
LEFT JOIN LATERAL (
    SELECT occurred_at, event_id, page
    FROM events
    WHERE
        workspace_id = %(workspace_id)s AND website_id = %(website_id)s
        AND occurred_at BETWEEN %(begins)s AND crossing.ended_at AND visitor_id = crossing.visitor_id
        AND name = 'pageview'
    ORDER BY occurred_at, event_id
    LIMIT 1
) AS entry ON crossing.pageviews > gone.pageviews;

-- name: forget_visits
DELETE FROM visits
WHERE workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND started_at < %(begins)s;

-- name: forget_visitor_days
DELETE FROM visitor_days
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day < %(day)s;

-- name: forget_visitor_day_events
DELETE FROM visitor_day_events
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day < %(day)s;

-- name: forget_page_days
DELETE FROM page_days
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day < %(day)s;

-- name: forget_daily_totals
DELETE FROM daily_totals
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day < %(day)s;

-- name: forget_daily_cube
DELETE FROM daily_cube
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day < %(day)s;

-- name: loose_gaps
-- Visitors of days that remain, whose previous day is among those that go.
SELECT dimension, value, day, sum(visitors)::bigint AS visitors
FROM daily_gaps
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND day >= %(day)s AND previous_day > '-infinity' AND previous_day < %(day)s
GROUP BY dimension, value, day;

-- name: forget_daily_gaps
DELETE FROM daily_gaps
WHERE
    workspace_id = %(workspace_id)s AND website_id = %(website_id)s AND edition = %(edition)s
    AND (day < %(day)s OR previous_day > '-infinity' AND previous_day < %(day)s);

-- name: first_gaps
-- Those days are the first ones of their visitors now.
INSERT INTO daily_gaps AS gap (
    workspace_id, website_id, edition, dimension, value, day, previous_day, visitors
)
SELECT %(workspace_id)s, %(website_id)s, %(edition)s, dimension, value, day, '-infinity', visitors
FROM jsonb_to_recordset(%(gaps)s::jsonb) AS loose (dimension text, value text, day date, visitors bigint)
ON CONFLICT (workspace_id, website_id, edition, dimension, value, day, previous_day)
DO UPDATE SET visitors = gap.visitors + EXCLUDED.visitors;

-- name: add_visits
INSERT INTO visits (
    workspace_id, website_id, visitor_id, started_at, ended_at, first_id, events, pageviews, sales, revenue,
    entry_at, entry_id, entry_page, exit_at, exit_id, exit_page
)
SELECT
    %(workspace_id)s, %(website_id)s, visitor_id, started_at, ended_at, first_id, events, pageviews, sales,
    revenue, entry_at, entry_id, entry_page, exit_at, exit_id, exit_page
FROM jsonb_to_recordset(%(visits)s::jsonb) AS cut (
    visitor_id text, started_at timestamptz, ended_at timestamptz, first_id text, events bigint,
    pageviews bigint, sales bigint, revenue numeric, entry_at timestamptz, entry_id text, entry_page text,
    exit_at timestamptz, exit_id text, exit_page text
);

-- name: count_visits_by_visitor
-- A visit that was cut begins on another day than before, and counts there.
UPDATE visitor_days AS present
SET
    visits = present.visits + 1,
    bounces = present.bounces + (cut.events = 1)::int,
    visit_us = present.visit_us + (extract(epoch FROM cut.ended_at - cut.started_at) * 1000000)::bigint
FROM jsonb_to_recordset(%(visits)s::jsonb) AS cut (
    visitor_id text, day date, started_at timestamptz, ended_at timestamptz, events bigint
)
WHERE
    present.workspace_id = %(workspace_id)s AND present.website_id = %(website_id)s
    AND present.edition = %(edition)s
    AND present.day = cut.day AND present.visitor_id = cut.visitor_id;

-- name: count_visits_by_day
UPDATE daily_totals AS present
SET
    visits = present.visits + more.visits,
    bounces = present.bounces + more.bounces,
    visit_us = present.visit_us + more.visit_us
FROM (
    SELECT
        dimension, value, day,
        count(*) AS visits,
        count(*) FILTER (WHERE cut.events = 1) AS bounces,
        (sum(extract(epoch FROM cut.ended_at - cut.started_at)) * 1000000)::bigint AS visit_us
    FROM jsonb_to_recordset(%(visits)s::jsonb) AS cut (
        visitor_id text, day date, started_at timestamptz, ended_at timestamptz, events bigint
    )
    JOIN visitor_days AS its USING (day, visitor_id)
    CROSS JOIN LATERAL (
        VALUES
            ('all', ''), ('source', source), ('medium', medium), ('campaign', campaign), ('device', device),
            ('browser', browser), ('system', system), ('country', country)
    ) AS cell (dimension, value)
    WHERE
        its.workspace_id = %(workspace_id)s AND its.website_id = %(website_id)s AND its.edition = %(edition)s
    GROUP BY dimension, value, day
) AS more
WHERE
    present.workspace_id = %(workspace_id)s AND present.website_id = %(website_id)s
    AND present.edition = %(edition)s
    AND present.dimension = more.dimension AND present.value = more.value AND present.day = more.day;

-- name: count_visits_by_cell
UPDATE daily_cube AS present
SET
    visits = present.visits + more.visits,
    bounces = present.bounces + more.bounces,
    visit_us = present.visit_us + more.visit_us
FROM (
    SELECT
        day, cell_of(source, medium, campaign, device, browser, system, country) AS cell,
        count(*) AS visits,
        count(*) FILTER (WHERE cut.events = 1) AS bounces,
        (sum(extract(epoch FROM cut.ended_at - cut.started_at)) * 1000000)::bigint AS visit_us
    FROM jsonb_to_recordset(%(visits)s::jsonb) AS cut (
        visitor_id text, day date, started_at timestamptz, ended_at timestamptz, events bigint
    )
    JOIN visitor_days AS its USING (day, visitor_id)
    WHERE
        its.workspace_id = %(workspace_id)s AND its.website_id = %(website_id)s AND its.edition = %(edition)s
    GROUP BY day, cell
) AS more
WHERE
    present.workspace_id = %(workspace_id)s AND present.website_id = %(website_id)s
    AND present.edition = %(edition)s AND present.day = more.day AND present.cell = more.cell;
